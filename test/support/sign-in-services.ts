import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { Passwords } from "../../web/server/sign-in/passwords.ts";
import type { SignInProviderServices } from "../../web/server/sign-in/providers/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { openNewStores } from "./migrated-database.ts";

/** What a sign-in provider is opened with: real stores, a clock that stands still, and the lines of its log. */
export interface SignInServices extends SignInProviderServices {
  readonly clock: ManualClock;
  readonly logged: string[];
}

export async function openSignInServices(id: string): Promise<SignInServices> {
  const folder = await mkdtemp(path.join(tmpdir(), "pt-"));
  const clock = new ManualClock();
  const stores = await openNewStores(folder, clock);
  onTestFinished(async () => {
    await stores.close();
    await rm(folder, { recursive: true });
  });
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const pagesUrl = () => "https://desk.test:8443/";
  return { id, stores, passwords: new Passwords(), clock, log, pagesUrl, loopbackOnly: true, logged };
}
