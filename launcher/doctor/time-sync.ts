import { access } from "node:fs/promises";
import { execa } from "execa";
import type { Clock } from "../../protocol/index.ts";
import { adviceFinding, missingFinding, okFinding, type Finding } from "../model/finding.ts";

export interface ClockFacts {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Null: unknown. */
  readonly synchronized: boolean | null;
}

const TIMEDATECTL_TIMEOUT_MS = 5_000;
/** A correct clock shows no earlier time: this program is younger. */
const EARLIEST = Date.parse("2025-01-01T00:00:00Z");

export async function collectClockFacts(clock: Clock): Promise<ClockFacts> {
  return { now: clock.now(), synchronized: await isSynchronized() };
}

/** Null: unknown. */
async function isSynchronized(): Promise<boolean | null> {
  const marked = await access("/run/systemd/timesync/synchronized").then(
    () => true,
    () => false,
  );
  if (marked) return true;
  const asked = await execa("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], {
    reject: false,
    timeout: TIMEDATECTL_TIMEOUT_MS,
  });
  if (asked.exitCode !== 0) return null;
  return asked.stdout.trim() === "yes";
}

export function checkClock({ now, synchronized }: ClockFacts): Finding {
  const shown = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  if (now < EARLIEST) {
    return missingFinding(
      "clock",
      `The clock shows ${shown}: certificates and tokens cannot work.`,
      "timedatectl set-ntp true",
    );
  }
  if (synchronized === true) return okFinding("clock", `The clock shows ${shown} and is kept right.`);
  return synchronized === false
    ? adviceFinding(
        "clock",
        `The clock shows ${shown}, and nothing keeps it right.`,
        "timedatectl set-ntp true, or: apt install chrony",
      )
    : adviceFinding(
        "clock",
        `The clock shows ${shown}; this system does not say whether something keeps it right.`,
        "Compare it with another clock. In a container the machine outside must keep it.",
      );
}
