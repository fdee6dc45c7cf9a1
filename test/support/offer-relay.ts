import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { CleanupStack } from "./cleanup-stack.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

const VENCRYPT = 19;
/** Where a viewer of RFB 3.7 and newer names its choice, behind its ProtocolVersion. */
const CHOICE_AT = 12;
/** Behind the choice of VeNCrypt and its version. */
const SUB_TYPE_AT = 15;

export interface OfferRelay {
  readonly port: number;
  /** What the latest viewer chose of the offer, such as `2` or `19/262`; null: nothing, or it was not asked. */
  readonly chosen: () => string | null;
  /** From now on nobody has chosen. */
  readonly forget: () => void;
}

function readChoice(sent: Buffer): string | null {
  const type = sent[CHOICE_AT];
  if (type === undefined || sent.toString("latin1", 0, 11) === "RFB 003.003") return null;
  if (type !== VENCRYPT || sent.length < SUB_TYPE_AT + 4) return String(type);
  return `${type}/${sent.readUInt32BE(SUB_TYPE_AT)}`;
}

/** A relay on loopback to a port, bare or inside TLS, that notes what viewers choose of the offer. */
export async function startOfferRelay(
  cleanup: CleanupStack,
  target: number,
  { insideTls = false }: { readonly insideTls?: boolean } = {},
): Promise<OfferRelay> {
  const sockets = new Set<Socket>();
  let sent = Buffer.alloc(0);
  const server = createServer({ noDelay: true }, (near) => {
    const to = { port: target, host: "127.0.0.1" };
    const far = insideTls ? connectTls({ ...to, rejectUnauthorized: false }) : connectTcp(to);
    sent = Buffer.alloc(0);
    near.on("data", (chunk: Buffer) => {
      if (sent.length < 64) sent = Buffer.concat([sent, chunk]);
    });
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(into);
      from.on("error", () => into.destroy());
      from.on("close", () => into.destroy());
    }
  });
  return {
    port: await listenOnLoopback(cleanup, server, sockets),
    chosen: () => readChoice(sent),
    forget: () => {
      sent = Buffer.alloc(0);
    },
  };
}
