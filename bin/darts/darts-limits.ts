/** What shares of the machine are taken of, and what one machine of DARTS gets. */
interface AmountContext {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly machineCpus: number;
  readonly machineMemoryMb: number;
}

/** The option's value, and what to say of it; no value: the option is not needed. */
interface Amount {
  readonly value?: string;
  readonly warning?: string;
}

export type ReadAmount = (text: string, context: AmountContext) => Amount;

const MIN_LIFETIME_S = 60;

/** Seconds; 0: for ever, as DARTS's file says of it. */
export const readLifetime: ReadAmount = (text) => {
  const seconds = Number(text);
  if (!(seconds >= 0)) return { warning: `${text} is no time; machines run for ever.` };
  if (seconds === 0) return {};
  if (seconds >= MIN_LIFETIME_S) return { value: String(Math.ceil(seconds)) };
  return { value: String(MIN_LIFETIME_S), warning: `${text} seconds are too short; a minute was taken.` };
};

export const readCount: ReadAmount = (text) => {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return { value: text };
  return { warning: `${text} would allow nobody a machine; it was left out.` };
};

export const readLoad: ReadAmount = (text) => {
  if (Number(text) > 0) return { value: text };
  return { warning: `${text} would let no machine start; it was left out.` };
};

/** DARTS lets everybody have one machine, however small the share is. */
export const readCpuShare: ReadAmount = (text, { cpus, machineCpus }) =>
  readShare(text, { of: cpus, least: machineCpus, what: `${cpus} processors` });

export const readMemoryShare: ReadAmount = (text, { memoryMb, machineMemoryMb }) =>
  readShare(text, { of: memoryMb, least: machineMemoryMb, what: `${memoryMb} MiB` });

function readShare(text: string, share: { of: number; least: number; what: string }): Amount {
  const fraction = Number(text);
  if (!(fraction > 0)) return { warning: `${text} is no share; it was left out.` };
  const value = String(Math.max(Math.floor(fraction * share.of), share.least));
  return { value, warning: `${text} of the ${share.what} of this machine; with more hosts, say more.` };
}
