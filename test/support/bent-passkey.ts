import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import type { PasskeyCreated, PasskeyOptions, PasskeyProof } from "../../web/index.ts";

const PRESENT = 0x01;
const VERIFIED = 0x04;
const WITH_CREDENTIAL = 0x40;

/** What an authenticator or a browser says, right unless a test bends it. */
export interface Bend {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly present?: boolean;
  readonly verified?: boolean;
  readonly counter?: number;
  readonly challenge?: string;
  readonly userHandle?: string;
  /** Bits of the signature are turned. */
  readonly badSignature?: boolean;
  /** Instead of no attestation: one that leads to certificates. */
  readonly withCertificate?: boolean;
}

/** An authenticator that lies as told: what Chromium's own cannot be made to do. */
export class BentPasskey {
  readonly id = randomBytes(32).toString("base64url");
  readonly #key: KeyObject;
  readonly #cose: Buffer;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    this.#key = privateKey;
    this.#cose = cborMap([
      [cborInt(1), cborInt(2)],
      [cborInt(3), cborInt(-7)],
      [cborInt(-1), cborInt(1)],
      [cborInt(-2), cborBytes(Buffer.from(x, "base64url"))],
      [cborInt(-3), cborBytes(Buffer.from(y, "base64url"))],
    ]);
  }

  create(options: PasskeyOptions, bend: Bend = {}): PasskeyCreated {
    const { challenge, rp } = options as { challenge: string; rp: { id: string } };
    const id = Buffer.from(this.id, "base64url");
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const credential = Buffer.concat([Buffer.alloc(16), length, id, this.#cose]);
    const authData = Buffer.concat([describeState(rp.id, bend, WITH_CREDENTIAL), credential]);
    const statement = bend.withCertificate
      ? cborMap([[cborText("x5c"), Buffer.concat([cborHead(4, 1), cborBytes(Buffer.from("30", "hex"))])]])
      : cborMap([]);
    const attestation = cborMap([
      [cborText("fmt"), cborText(bend.withCertificate ? "packed" : "none")],
      [cborText("attStmt"), statement],
      [cborText("authData"), cborBytes(authData)],
    ]);
    const clientDataJSON = describeClient("webauthn.create", challenge, bend);
    return {
      id: this.id,
      clientDataJSON,
      attestationObject: attestation.toString("base64url"),
      transports: ["usb"],
    };
  }

  prove(options: PasskeyOptions, bend: Bend = {}): PasskeyProof {
    const { challenge, rpId } = options as { challenge: string; rpId: string };
    const authData = describeState(rpId, bend, 0);
    const clientDataJSON = describeClient("webauthn.get", challenge, bend);
    const hash = createHash("sha256").update(Buffer.from(clientDataJSON, "base64url")).digest();
    const signature = sign("sha256", Buffer.concat([authData, hash]), this.#key);
    if (bend.badSignature) signature[signature.length - 1]! ^= 1;
    return {
      id: this.id,
      clientDataJSON,
      authenticatorData: authData.toString("base64url"),
      signature: signature.toString("base64url"),
      userHandle: bend.userHandle ?? null,
    };
  }
}

function describeState(rpId: string, bend: Bend, more: number): Buffer {
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(bend.counter ?? 0);
  const flags = (bend.present === false ? 0 : PRESENT) | (bend.verified === false ? 0 : VERIFIED) | more;
  const hash = createHash("sha256")
    .update(bend.rpId ?? rpId)
    .digest();
  return Buffer.concat([hash, Buffer.of(flags), counter]);
}

function describeClient(type: string, challenge: string, bend: Bend): string {
  const origin = bend.origin ?? "https://desk.test:8443";
  const data = {
    type: bend.type ?? type,
    challenge: bend.challenge ?? challenge,
    origin,
    crossOrigin: false,
  };
  return Buffer.from(JSON.stringify(data)).toString("base64url");
}

function cborHead(kind: number, value: number): Buffer {
  if (value < 24) return Buffer.of((kind << 5) | value);
  return value < 256
    ? Buffer.of((kind << 5) | 24, value)
    : Buffer.of((kind << 5) | 25, value >> 8, value & 255);
}

function cborInt(value: number): Buffer {
  return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
}

function cborBytes(bytes: Buffer): Buffer {
  return Buffer.concat([cborHead(2, bytes.length), bytes]);
}

function cborText(text: string): Buffer {
  return Buffer.concat([cborHead(3, text.length), Buffer.from(text)]);
}

function cborMap(entries: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([cborHead(5, entries.length), ...entries.flat()]);
}
