import { afterAll, expect, it } from "vitest";
import { pino } from "pino";
import type { AuditLog } from "../../../../proxy/audit/audit-log.ts";
import type { CredentialIssuer } from "../../../../proxy/identify/credential-issuer.ts";
import { openMip1 } from "../../../../proxy/mip1/open-mip1.ts";
import type { Stores } from "../../../../proxy/index.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";
import { encodeMip1Handshake, encodeResponse } from "../../../contract/proxy/scripted-mip1-agent.ts";
import { cut, describeRun, mutate, randomFor, RUNS } from "../../fuzzing.ts";
import { TypedEventEmitter } from "../../../../protocol/index.ts";

const AT_ONCE = 100;
/** Turns of the event loop in which an acceptor whose input has ended must be over. */
const PATIENCE = 200;

let claims = 0;
const faults: unknown[] = [];
const stores = {
  agents: {
    find: () => Promise.resolve(null),
    add: () => Promise.resolve(),
    claim: () => Promise.resolve(++claims),
    release: () => Promise.resolve(true),
  },
  desktops: { publish: () => Promise.resolve({ id: "d" }) },
  tokens: { list: () => Promise.resolve([]), revoke: () => Promise.resolve() },
  service: { getOrCreate: () => Promise.resolve(Buffer.alloc(32).toString("base64")) },
} as unknown as Stores;
const log = pino({ level: "error" }, { write: (line: string) => faults.push(line) });

const { acceptMip1, agents: room } = openMip1(
  { allow: ["127.0.0.1"], endpoint: { host: "localhost", port: 5900 } },
  {
    stores,
    serverId: "s",
    issuer: { createToken: () => Promise.resolve() } as unknown as CredentialIssuer,
    address: () => ({ host: "localhost", port: 443 }),
    events: new TypedEventEmitter(),
    audit: { append: () => undefined, appendDurably: () => Promise.resolve() } as unknown as AuditLog,
    clock: new ManualClock(),
    log,
  },
)!;
afterAll(() => room.close());

const BASES = [
  encodeMip1Handshake("354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0"),
  Buffer.concat([encodeMip1Handshake("a job", 2), encodeResponse(7, 1), encodeResponse(8, 0)]),
  encodeResponse(65_355, 1),
  Buffer.concat([encodeResponse(1, 1), Buffer.from("RFB 003.008\n")]),
];

/** One connection whose input comes in pieces and ends; settles when both sides are closed. */
async function play(run: number): Promise<Buffer> {
  const random = randomFor(run);
  const input = mutate(BASES[random(BASES.length)]!, random, 2);
  const [near, far] = createDuplexPair();
  far.on("error", () => undefined);
  far.resume();
  const closed = new Promise<void>((resolve) => near.once("close", () => resolve()));
  const entered = acceptMip1(near, { address: "127.0.0.1", port: 1024 + (run % 1000) }, () => undefined);
  for (const piece of cut(input, random)) far.write(piece);
  far.end();
  await Promise.all([entered, closed]);
  return input;
}

it("mutated MiP 1 connections end, and nothing fails that is not the peer's fault", async () => {
  for (let first = 0; first < RUNS; first += AT_ONCE) {
    let running = 0;
    for (let run = first; run < Math.min(first + AT_ONCE, RUNS); run++) {
      running += 1;
      void play(run).then(() => (running -= 1));
    }
    for (let turn = 0; turn < PATIENCE && running > 0; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (running > 0) throw new Error(`${running} stalled from ${describeRun(first, Buffer.alloc(0))}`);
    expect(faults).toEqual([]);
  }
  expect(claims).toBeGreaterThan(RUNS / 20);
  expect(room.list()).toEqual([]);
});
