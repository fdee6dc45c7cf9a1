// A synthetic VNC server whose updates cost nothing, and viewers that count bytes: what the gateway itself can do.
import type { BenchOptions } from "./bench-options.ts";
import { type Figures, median, quantile } from "./figures.ts";
import type { Target } from "./peers/peer.ts";
import { readCpuSeconds } from "./process-cpu.ts";
import type { Column } from "./report.ts";
import type { RfbAddress, ScreenSize } from "./stream/viewer-connection.ts";
import { Viewer } from "./viewer.ts";

interface Flow extends ScreenSize {
  readonly depth: number;
  readonly sessions: number;
}

const LARGE: Flow = { width: 512, height: 512, depth: 8, sessions: 1 };
/** 4 KiB of pixels each. */
const SMALL: Flow = { width: 32, height: 32, depth: 32, sessions: 1 };
const EIGHT: Flow = { ...LARGE, sessions: 8 };
const WARM_UP_MS = 500;
const PING: ScreenSize = { width: 64, height: 64 };

export const RELAY_COLUMNS: readonly Column[] = [
  { key: "largeMBps", title: "MB/s", digits: 0 },
  { key: "largeCpuPerGB", title: "CPU s/GB", digits: 2 },
  { key: "smallMBps", title: "4 KiB updates MB/s", digits: 0 },
  { key: "smallCpuPerGB", title: "4 KiB CPU s/GB", digits: 2 },
  { key: "p50us", title: "p50 µs", digits: 0 },
  { key: "p99us", title: "p99 µs", digits: 0 },
  { key: "firstMs", title: "first update ms", digits: 1 },
  { key: "eightMBps", title: "8 sessions MB/s", digits: 0 },
  { key: "eightCpuPerGB", title: "8 sessions CPU s/GB", digits: 2 },
];

/** guacd sends pictures of its own making and no RFB: it has no part in this. */
export const isRelay = ({ route }: Target): boolean => route.kind === "rfb";

export async function measureRelay(target: Target, options: BenchOptions): Promise<Figures> {
  if (target.route.kind !== "rfb") throw new Error(`${target.name} does not relay RFB.`);
  const { address } = target.route;
  const flow = (shape: Flow) => measureFlow({ address, pids: target.pids, shape, ms: options.flowMs });
  const large = await flow(LARGE);
  const small = await flow(SMALL);
  const times = await measureRoundTrips(address, options.pings);
  const first = await measureFirstUpdates(address, options.connections);
  const eight = await flow(EIGHT);
  return {
    ...nameFlow("large", large),
    ...nameFlow("small", small),
    ...nameFlow("eight", eight),
    p50us: median(times) * 1_000,
    p99us: quantile(times, 0.99) * 1_000,
    firstMs: median(first),
  };
}

function nameFlow(name: string, { MBps, cpuPerGB }: FlowResult): Figures {
  return { [`${name}MBps`]: MBps, ...(cpuPerGB !== undefined && { [`${name}CpuPerGB`]: cpuPerGB }) };
}

async function withViewers<T>(
  address: RfbAddress,
  count: number,
  work: (viewers: readonly Viewer[]) => Promise<T>,
): Promise<T> {
  const viewers: Viewer[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const viewer = new Viewer(address);
      viewers.push(viewer);
      await viewer.enter();
    }
    return await work(viewers);
  } finally {
    for (const viewer of viewers) viewer.close();
  }
}

interface FlowResult {
  readonly MBps: number;
  /** Undefined without a gateway. */
  readonly cpuPerGB: number | undefined;
}

function measureFlow({
  address,
  pids,
  shape,
  ms,
}: {
  readonly address: RfbAddress;
  readonly pids: readonly number[];
  readonly shape: Flow;
  readonly ms: number;
}): Promise<FlowResult> {
  return withViewers(address, shape.sessions, async (viewers) => {
    const wait = (time: number) => Promise.all(viewers.map((viewer) => viewer.wait(time)));
    const read = () => ({
      bytes: viewers.reduce((sum, { received }) => sum + received, 0),
      cpu: readCpuSeconds(pids),
      at: performance.now(),
    });
    for (const viewer of viewers) viewer.flood(shape);
    await wait(WARM_UP_MS);
    const before = read();
    await wait(ms);
    const after = read();
    const bytes = after.bytes - before.bytes;
    return {
      MBps: bytes / (after.at - before.at) / 1_000,
      cpuPerGB: pids.length === 0 ? undefined : (after.cpu - before.cpu) / (bytes / 1e9),
    };
  });
}

/** Milliseconds of each. */
function measureRoundTrips(address: RfbAddress, count: number): Promise<number[]> {
  return withViewers(address, 1, async ([viewer]) => {
    const times: number[] = [];
    for (let index = 0; viewer && index < count; index += 1)
      times.push(await viewer.ping(PING.width, PING.height));
    return times;
  });
}

/** Milliseconds from the connection's first packet to the first update, for each of so many connections in a row. */
async function measureFirstUpdates(address: RfbAddress, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await withViewers(address, 1, async ([viewer]) => {
      await viewer?.ping(PING.width, PING.height);
      times.push(performance.now() - start);
    });
  }
  return times;
}
