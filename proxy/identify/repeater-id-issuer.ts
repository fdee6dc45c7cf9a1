import { generateKeyPairSync, randomInt } from "node:crypto";
import { agentIdOf, ConfigError, type Clock } from "../../protocol/index.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { hashSecret } from "./redeem-ticket.ts";

/** Nine digits: as long as UltraVNC's own programs take. */
const LOWEST = 100_000_000;
const HIGHEST = 1_000_000_000;
/** For viewers that take the number for a port, as Remmina does: it opens nothing, so it need not be hard to guess. */
const LOWEST_SHORT = 10_000;
const HIGHEST_SHORT = 65_536;
/** Short numbers that are tried until one is free. */
const SHORT_ATTEMPTS = 100;
/** The name under which desktops without an agent are listed. */
const AGENT_NAME = "repeater";

export type RepeaterSide = "viewer" | "server";

function makeNumber(): string {
  return String(randomInt(LOWEST, HIGHEST));
}

/** What is stored of a number. A viewer's number is no server's: who may look at a desktop may not pose as it. */
export function hashRepeaterId(side: RepeaterSide, number: string): string {
  return hashSecret(`repeater ${side} ${number}`);
}

/** Makes the numbers by which viewers and servers of UltraVNC's repeater protocol come in. */
export class RepeaterIdIssuer {
  readonly #stores: Stores;
  readonly #clock: Clock;

  constructor(stores: Stores, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /** A number for viewers of a desktop: it chooses the desktop, a token still opens it. */
  async createForViewers(
    desktop: DesktopView,
    ttlSeconds: number,
    isShort: boolean,
  ): Promise<{ number: string; expiresAt: number }> {
    const number = isShort ? await this.#findShort() : makeNumber();
    return this.#create("viewer", { number, desktopId: desktop.id, ttlSeconds });
  }

  /** A number for one VNC server that dials in, and the desktop that it will be. */
  async createForServer(name: string, ttlSeconds: number): Promise<{ number: string; expiresAt: number }> {
    // A desktop belongs to an agent. This one's private key is discarded, so no other peer can authenticate as it.
    const { publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
    const agentId = agentIdOf(raw);
    const { agents, desktops } = this.#stores;
    await agents.add({ id: agentId, name: AGENT_NAME, kind: "agent", publicKey: raw.toString("base64") });
    const desktop = await desktops.publish(agentId, name, null);
    await desktops.withdraw(agentId, name);
    return this.#create("server", { number: makeNumber(), desktopId: desktop.id, ttlSeconds });
  }

  /** @throws ConfigError `REPEATER_IDS_TAKEN` */
  async #findShort(): Promise<string> {
    for (let attempt = 0; attempt < SHORT_ATTEMPTS; attempt += 1) {
      const number = String(randomInt(LOWEST_SHORT, HIGHEST_SHORT));
      // An expired number keeps its row until the next purge.
      if ((await this.#stores.repeaterIds.find(hashRepeaterId("viewer", number), 0)) === null) return number;
    }
    throw ConfigError.public(
      "REPEATER_IDS_TAKEN",
      "No short repeater ID is free. Ask for one of nine digits.",
    );
  }

  async #create(
    side: RepeaterSide,
    {
      number,
      desktopId,
      ttlSeconds,
    }: { readonly number: string; readonly desktopId: string; readonly ttlSeconds: number },
  ): Promise<{ number: string; expiresAt: number }> {
    const expiresAt = this.#clock.now() + ttlSeconds * 1000;
    await this.#stores.repeaterIds.create(hashRepeaterId(side, number), desktopId, expiresAt);
    return { number, expiresAt };
  }
}
