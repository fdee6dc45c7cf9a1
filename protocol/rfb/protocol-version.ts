import { ProtocolError } from "../errors.ts";
import type { Grammar } from "../bytes/grammar.ts";

/** The three published versions. Every peer is treated as one of them. */
export type RfbVersion = "3.3" | "3.7" | "3.8";

const WIRE: Readonly<Record<RfbVersion, string>> = {
  "3.3": "RFB 003.003\n",
  "3.7": "RFB 003.007\n",
  "3.8": "RFB 003.008\n",
};

/** First byte of a TLS record that carries a ClientHello. */
const TLS_HANDSHAKE = "\x16";

/**
 * ProtocolVersion, 12 bytes: "RFB ", three digits, ".", three digits, newline.
 * @throws ProtocolError `RFB_VERSION` as soon as the first four bytes are wrong; `RFB_TLS_TOO_LATE` when they
 *   begin TLS
 * @see RFC 6143 §7.1.1
 */
export function* protocolVersion(): Grammar<RfbVersion> {
  const start = (yield 4).toString("latin1");
  if (start !== "RFB ") throw refuse(start);
  const rest = (yield 8).toString("latin1");
  const digits = /^(\d{3})\.(\d{3})\n$/.exec(rest);
  if (!digits) throw refuse(start + rest);
  return normalizeVersion(Number(digits[1]), Number(digits[2]), rest);
}

function normalizeVersion(major: number, minor: number, wire: string): RfbVersion {
  // RealVNC announces 4.x and 5.x and uses 3.8; Apple's Screen Sharing announces 3.889.
  if (major === 4 || major === 5) return "3.8";
  if (major !== 3) throw refuse(wire);
  if (minor === 8 || minor === 889) return "3.8";
  return minor === 7 ? "3.7" : "3.3";
}

function refuse(wire: string): ProtocolError {
  if (wire.startsWith(TLS_HANDSHAKE)) {
    return new ProtocolError("RFB_TLS_TOO_LATE", "the peer began TLS after it was greeted in plain RFB", {
      safeMessage: "This connection was taken for plain RFB because it began too late.",
    });
  }
  return new ProtocolError("RFB_VERSION", `not an RFB version: ${JSON.stringify(wire)}`, {
    safeMessage: "This is not an RFB client or server.",
  });
}

/** 12 bytes. */
export function encodeProtocolVersion(version: RfbVersion): Buffer {
  return Buffer.from(WIRE[version], "latin1");
}
