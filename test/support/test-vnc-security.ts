import {
  createDecipheriv,
  createDiffieHellman,
  createHash,
  getDiffieHellman,
  randomBytes,
} from "node:crypto";
import type { TestVncClient } from "./test-vnc-desktop.ts";
import type { TestVncSecurity } from "./test-vnc-server.ts";
import { answerChallenge } from "./rfb-client.ts";

export interface VncAccount {
  readonly user: string;
  readonly password: string;
}

const UNIX_LOGIN = 129;
const VENCRYPT_PLAIN = 256;

function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => out.writeUInt32BE(value, 4 * index));
  return out;
}

async function readPlain({ reader }: TestVncClient, account: VncAccount): Promise<boolean> {
  const [user, password] = [await reader.read(4), await reader.read(4)].map((wire) => wire.readUInt32BE(0));
  const given = [await reader.read(user!), await reader.read(password!)].map(String);
  return given[0] === account.user && given[1] === account.password;
}

async function checkChallenge(client: TestVncClient, account: VncAccount): Promise<boolean> {
  const challenge = randomBytes(16);
  client.write(challenge);
  return (await client.reader.read(16)).equals(answerChallenge(account.password, challenge));
}

export type TightAuth = "none" | "vncAuth" | "unixLogin" | "absent";

const TIGHT_AUTHS: Readonly<Record<Exclude<TightAuth, "absent">, [number, string]>> = {
  none: [1, "STDVNOAUTH__"],
  vncAuth: [2, "STDVVNCAUTH_"],
  unixLogin: [UNIX_LOGIN, "TGHTULGNAUTH"],
};

function capability(code: number, words: string): Buffer {
  return Buffer.concat([u32(code >>> 0), Buffer.from(words)]);
}

/** Tight with one authentication (`absent`: an empty list), with or without a tunnel to refuse, and capabilities. */
export function tightSecurity(auth: TightAuth, account: VncAccount, tunnels: number): TestVncSecurity {
  const counts = Buffer.from([0, 2, 0, 1, 0, 3, 0, 0]);
  const capabilities = Array.from({ length: 6 }, (_, index) =>
    capability(0xfc000100 + index, "TGHTCAPACANA"),
  );
  return {
    type: 16,
    afterServerInit: Buffer.concat([counts, ...capabilities]),
    async authenticate(client) {
      const offered = Array.from({ length: tunnels }, (_, index) => capability(index, "TGHTNOTUNNEL"));
      client.write(Buffer.concat([u32(tunnels), ...offered]));
      if (tunnels > 0 && (await client.reader.read(4)).readInt32BE(0) !== 0) return false;
      client.write(u32(auth === "absent" ? 0 : 1));
      if (auth === "absent") return true;
      const [code, words] = TIGHT_AUTHS[auth];
      client.write(capability(code, words));
      if ((await client.reader.read(4)).readInt32BE(0) !== code) return false;
      if (auth === "none") return true;
      return auth === "vncAuth" ? checkChallenge(client, account) : readPlain(client, account);
    },
  };
}

/** VeNCrypt without TLS: user and password as they are. */
export function plainSecurity(account: VncAccount): TestVncSecurity {
  return {
    type: 19,
    async authenticate(client) {
      client.write([0, 2]);
      if (!(await client.reader.read(2)).equals(Buffer.of(0, 2))) return false;
      client.write(Buffer.concat([Buffer.of(0, 1), u32(VENCRYPT_PLAIN)]));
      if ((await client.reader.read(4)).readUInt32BE(0) !== VENCRYPT_PLAIN) return false;
      return readPlain(client, account);
    },
  };
}

function readField(field: Buffer): string {
  return field.subarray(0, field.indexOf(0)).toString("utf8");
}

/** Primes that are published: RFC 2409's second Oakley group (1024 bits), RFC 3526's group 14 (2048 bits). */
const PRIMES = {
  modp2: getDiffieHellman("modp2").getPrime(),
  modp14: getDiffieHellman("modp14").getPrime(),
} as const;

/** Apple's Diffie-Hellman, over a published prime. */
export function appleDhSecurity(account: VncAccount, group: keyof typeof PRIMES = "modp2"): TestVncSecurity {
  return {
    type: 30,
    async authenticate(client) {
      const exchange = createDiffieHellman(PRIMES[group], 2);
      const own = exchange.generateKeys();
      const length = exchange.getPrime().length;
      const pad = (number: Buffer) => Buffer.concat([Buffer.alloc(length - number.length), number]);
      client.write(Buffer.from([0, 2, length >> 8, length & 255]));
      client.write(Buffer.concat([exchange.getPrime(), pad(own)]));
      const sealed = await client.reader.read(128);
      const secret = pad(exchange.computeSecret(await client.reader.read(length)));
      const key = createHash("md5").update(secret).digest();
      const cipher = createDecipheriv("aes-128-ecb", key, null).setAutoPadding(false);
      const open = Buffer.concat([cipher.update(sealed), cipher.final()]);
      return (
        readField(open.subarray(0, 64)) === account.user && readField(open.subarray(64)) === account.password
      );
    },
  };
}

const MODULUS = 0x7fff_ffff_ffff_ffe7n;

/** UltraVNC's MSLogonII. */
export function msLogonSecurity(account: VncAccount): TestVncSecurity {
  return {
    type: 113,
    async authenticate(client) {
      const number = (value: bigint) => {
        const out = Buffer.alloc(8);
        out.writeBigUInt64BE(value);
        return out;
      };
      const own = randomBytes(7).readUIntBE(0, 6);
      const raise = (base: bigint) => {
        let result = 1n;
        for (const bit of own.toString(2)) {
          result = (result * result) % MODULUS;
          if (bit === "1") result = (result * base) % MODULUS;
        }
        return result;
      };
      client.write(Buffer.concat([number(5n), number(MODULUS), number(raise(5n))]));
      const secret = number(raise((await client.reader.read(8)).readBigUInt64BE(0)));
      const reversed = Buffer.from(
        [...secret].map((byte) => parseInt([...byte.toString(2).padStart(8, "0")].reverse().join(""), 2)),
      );
      // Three equal keys make 3DES plain DES.
      const open = (sealed: Buffer) => {
        const key = Buffer.concat([reversed, reversed, reversed]);
        const cipher = createDecipheriv("des-ede3-cbc", key, secret).setAutoPadding(false);
        return readField(Buffer.concat([cipher.update(sealed), cipher.final()]));
      };
      const user = open(await client.reader.read(256));
      return open(await client.reader.read(64)) === account.password && user === account.user;
    },
  };
}
