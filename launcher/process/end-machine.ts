import type { Clock } from "../../protocol/index.ts";

/** How long QEMU may take to end after `quit` before it is killed, in milliseconds. */
const QUIT_MS = 3000;
/** Between two presses of the power button: a guest that is still booting does not notice the first ones. */
const POWER_BUTTON_MS = 5000;

export interface EndingMachine {
  /** A QMP command; rejects without a QMP connection. */
  execute(command: string): Promise<unknown>;
  kill(): void;
}

/**
 * Ends a machine. `graceMs` null: at once, by QMP `quit` and then by SIGKILL. Otherwise the power button first, again
 * and again until the machine ends, and the same after the grace period: a guest may ignore the button.
 * @returns cancels the steps that are still to come
 */
export function endMachine(machine: EndingMachine, graceMs: number | null, clock: Clock): () => void {
  let cancelled = false;
  let cancelTimer: (() => void) | undefined;
  let cancelPress: (() => void) | undefined;
  const press = (): void => {
    cancelPress = clock.after(POWER_BUTTON_MS, press);
    // Without QMP there is no power button; the grace period runs all the same.
    machine.execute("system_powerdown").catch(() => undefined);
  };
  const quit = (): void => {
    cancelPress?.();
    cancelTimer = clock.after(QUIT_MS, () => {
      machine.kill();
    });
    machine.execute("quit").catch(() => {
      if (!cancelled) machine.kill();
    });
  };
  if (graceMs === null) {
    quit();
  } else {
    cancelTimer = clock.after(graceMs, quit);
    press();
  }
  return () => {
    cancelled = true;
    cancelTimer?.();
    cancelPress?.();
  };
}
