import type { Clock } from "../../protocol/index.ts";

const LONG_MS = 2 ** 30;

/** Waits, and keeps the program alive meanwhile: a clock's timer alone would not, and the work would stay half done. */
export async function delay(ms: number, clock: Clock): Promise<void> {
  const awake = setInterval(() => undefined, LONG_MS);
  try {
    await new Promise<void>((resolve) => clock.after(ms, resolve));
  } finally {
    clearInterval(awake);
  }
}
