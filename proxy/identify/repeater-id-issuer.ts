import { generateKeyPairSync, randomInt } from "node:crypto";
import { agentIdOf, type Clock } from "../../protocol/index.ts";
import type { DesktopView } from "../state/state-records.ts";
import type { Stores } from "../state/stores.ts";
import { hashSecret } from "./redeem-ticket.ts";

/** Nine digits: as long as UltraVNC's own programs take. */
const LOWEST = 100_000_000;
const HIGHEST = 1_000_000_000;
/** The name under which desktops without an agent are listed. */
const AGENT_NAME = "repeater";

export type RepeaterSide = "viewer" | "server";

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
  createForViewers(desktop: DesktopView, ttlSeconds: number): Promise<{ number: string; expiresAt: number }> {
    return this.#create("viewer", desktop.id, ttlSeconds);
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
    return this.#create("server", desktop.id, ttlSeconds);
  }

  async #create(
    side: RepeaterSide,
    desktopId: string,
    ttlSeconds: number,
  ): Promise<{ number: string; expiresAt: number }> {
    const number = String(randomInt(LOWEST, HIGHEST));
    const expiresAt = this.#clock.now() + ttlSeconds * 1000;
    await this.#stores.repeaterIds.create(hashRepeaterId(side, number), desktopId, expiresAt);
    return { number, expiresAt };
  }
}
