import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import nacl from "tweetnacl";
import { z } from "zod";
import { errorCode, isMissing, agentIdOf, ConfigError, describeError } from "../../protocol/index.ts";

/** The agent's key in its data folder. */
export const KEY_FILE = "agent-key.json";

/** Ed25519 seed and public key, 64 bytes, base64. */
const secretKey = z.string().refine((text) => Buffer.from(text, "base64").length === 64);

const keyFile = z.object({
  version: z.literal(1),
  secretKey,
  /** Absent: the id derived from the key. */
  agentId: z.string().max(64).optional(),
  /** Announced to the server, which may or may not have accepted it. */
  nextSecretKey: secretKey.optional(),
  /** Fingerprints of the services that have welcomed this key. */
  services: z.array(z.string()).default([]),
  /** For each configured fingerprint, those that are valid now, if the service has replaced its CA. */
  authorities: z.record(z.string(), z.array(z.string()).min(1)).optional(),
});
type KeyFile = z.infer<typeof keyFile>;

/** The agent's own key, stored in its data folder and never sent anywhere. */
export class AgentIdentity {
  readonly #path: string;
  #file: KeyFile;
  /** The key of the current proof, or of the next one. */
  #active: Buffer;
  #nextRefused = false;

  constructor(file: KeyFile, where: string) {
    this.#path = where;
    this.#file = file;
    this.#active = Buffer.from(file.secretKey, "base64");
  }

  get publicKey(): Buffer {
    return this.#active.subarray(32);
  }

  /** The id of this agent on the server. */
  get agentId(): string {
    return this.#file.agentId ?? agentIdOf(Buffer.from(this.#file.secretKey, "base64").subarray(32));
  }

  /** Ed25519 over `message`, 64 bytes. */
  sign(message: Buffer): Buffer {
    return Buffer.from(nacl.sign.detached(message, this.#active));
  }

  isKnownTo(service: string): boolean {
    return this.#file.services.includes(service);
  }

  /** Selects the key of the next proof: the announced key, if there is one, is tried before the old one. */
  selectKey(): void {
    const { secretKey: current, nextSecretKey: next } = this.#file;
    this.#active = Buffer.from(next === undefined || this.#nextRefused ? current : next, "base64");
  }

  /** The server refused the selected key. @returns true if there is another key to try */
  markKeyRefused(): boolean {
    if (this.#file.nextSecretKey === undefined || this.#nextRefused) return false;
    this.#nextRefused = true;
    return true;
  }

  /** Saves durably that a service has welcomed the selected key under this id: the only key from now on. */
  async recordWelcome(service: string, agentId: string): Promise<void> {
    this.#nextRefused = false;
    const chosen = this.#active.toString("base64");
    const { services } = this.#file;
    const isSame = chosen === this.#file.secretKey && this.#file.nextSecretKey === undefined;
    if (isSame && this.agentId === agentId && services.includes(service)) return;
    const own = agentIdOf(this.publicKey);
    const { authorities } = this.#file;
    await this.#write({
      version: 1,
      secretKey: chosen,
      ...(agentId === own ? {} : { agentId }),
      services: [...new Set([...services, service])],
      ...(authorities && { authorities }),
    });
  }

  /** The CA fingerprints that are valid for a configured one, oldest first. */
  pinsFor(fingerprint: string): readonly string[] {
    return this.#file.authorities?.[fingerprint] ?? [fingerprint];
  }

  /** Saves durably which fingerprints are valid for this one from now on. */
  async setPins(fingerprint: string, pins: readonly string[]): Promise<void> {
    await this.#write({
      ...this.#file,
      authorities: { ...this.#file.authorities, [fingerprint]: [...pins] },
    });
  }

  /**
   * Creates a new key and saves it durably beside the old one, which is used until the new one is welcomed.
   */
  async makeNextKey(): Promise<{ readonly publicKey: Buffer; sign(message: Buffer): Buffer }> {
    const next = this.#file.nextSecretKey ?? Buffer.from(nacl.sign.keyPair().secretKey).toString("base64");
    await this.#write({ ...this.#file, nextSecretKey: next });
    const key = Buffer.from(next, "base64");
    return {
      publicKey: key.subarray(32),
      sign: (message) => Buffer.from(nacl.sign.detached(message, key)),
    };
  }

  async #write(file: KeyFile): Promise<void> {
    // The change is valid for this process even if writing to the disk fails.
    this.#file = file;
    const temporary = await writeTemporary(this.#path, file);
    await rename(temporary, this.#path);
    await syncFolder(path.dirname(this.#path));
  }
}

/**
 * The key of `dataDir`, created at the first start: file mode 0600; a new folder gets mode 0700.
 * @throws ConfigError `KEY_FILE`, `KEY_FILE_MODE`
 */
export async function loadAgentIdentity(dataDir: string): Promise<AgentIdentity> {
  const where = path.join(dataDir, KEY_FILE);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const file = (await readKeyFile(where)) ?? (await createKeyFile(where));
    return new AgentIdentity(file, where);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw configError(
      "KEY_FILE",
      `The agent's key file ${where} cannot be used: ${describeError(error)}.`,
      error,
    );
  }
}

async function readKeyFile(where: string): Promise<KeyFile | null> {
  let content: string;
  try {
    const { mode } = await stat(where);
    if ((mode & 0o077) !== 0)
      throw configError("KEY_FILE_MODE", `Others can read the agent's key: run "chmod 600 ${where}".`);
    content = await readFile(where, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
  return parseKeyFile(content, where);
}

function parseKeyFile(content: string, where: string): KeyFile {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  const read = keyFile.safeParse(value);
  if (!read.success)
    throw configError(
      "KEY_FILE",
      `The agent's key file ${where} is damaged. Restore it, or remove it and enrol anew with a join secret.`,
    );
  return read.data;
}

async function createKeyFile(where: string): Promise<KeyFile> {
  const made: KeyFile = {
    version: 1,
    secretKey: Buffer.from(nacl.sign.keyPair().secretKey).toString("base64"),
    services: [],
  };
  const temporary = await writeTemporary(where, made);
  try {
    // Unlike a rename, a link never replaces a key that another process has created in the meantime.
    await link(temporary, where);
    await syncFolder(path.dirname(where));
    return made;
  } catch (error) {
    const theirs = errorCode(error) === "EEXIST" ? await readKeyFile(where) : null;
    if (theirs) return theirs;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeTemporary(where: string, file: KeyFile): Promise<string> {
  const temporary = `${where}.${randomBytes(6).toString("hex")}`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(file)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

/** Makes the new name survive a power failure. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function configError(code: string, message: string, cause?: unknown): ConfigError {
  return ConfigError.public(code, message, { cause });
}
