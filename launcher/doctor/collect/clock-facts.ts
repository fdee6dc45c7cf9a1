import { access } from "node:fs/promises";
import { execa } from "execa";
import type { Clock } from "../../../protocol/index.ts";
import type { DoctorFacts } from "../doctor-facts.ts";

const PATIENCE_MS = 5_000;

export async function collectClockFacts(clock: Clock): Promise<DoctorFacts["clock"]> {
  return { now: clock.now(), synchronized: await isSynchronized() };
}

/** Null: nothing here knows. */
async function isSynchronized(): Promise<boolean | null> {
  const marked = await access("/run/systemd/timesync/synchronized").then(
    () => true,
    () => false,
  );
  if (marked) return true;
  const asked = await execa("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], {
    reject: false,
    timeout: PATIENCE_MS,
  });
  if (asked.exitCode !== 0) return null;
  return asked.stdout.trim() === "yes";
}
