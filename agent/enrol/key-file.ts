import { randomBytes } from "node:crypto";
import { link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import nacl from "tweetnacl";
import { z } from "zod";
import { agentIdOf, ConfigError, describeError } from "../../protocol/index.ts";

const KEY_FILE = "agent-key.json";

const keyFile = z.object({
  version: z.literal(1),
  /** Ed25519 seed and public key, 64 bytes, base64. */
  secretKey: z.string().refine((text) => Buffer.from(text, "base64").length === 64),
  /** Fingerprints of the services that have welcomed this key. */
  services: z.array(z.string()).default([]),
});
type KeyFile = z.infer<typeof keyFile>;

/** The agent's own key, kept in its data folder and never sent anywhere. */
export class Identity {
  readonly publicKey: Buffer;
  readonly agentId: string;
  readonly #path: string;
  readonly #secretKey: Buffer;
  #services: ReadonlySet<string>;

  constructor(file: KeyFile, where: string) {
    this.#path = where;
    this.#secretKey = Buffer.from(file.secretKey, "base64");
    this.publicKey = this.#secretKey.subarray(32);
    this.agentId = agentIdOf(this.publicKey);
    this.#services = new Set(file.services);
  }

  /** Ed25519 over `message`, 64 bytes. */
  sign(message: Buffer): Buffer {
    return Buffer.from(nacl.sign.detached(message, this.#secretKey));
  }

  isKnownTo(service: string): boolean {
    return this.#services.has(service);
  }

  /** Remembers, durably, that a service has welcomed this key. */
  async rememberService(service: string): Promise<void> {
    if (this.#services.has(service)) return;
    this.#services = new Set([...this.#services, service]);
    const file: KeyFile = {
      version: 1,
      secretKey: this.#secretKey.toString("base64"),
      services: [...this.#services],
    };
    const temporary = await writeBeside(this.#path, file);
    await rename(temporary, this.#path);
  }
}

/**
 * The key of `dataDir`, made at the first start: file mode 0600, in a folder of mode 0700 if we make it.
 * @throws ConfigError `KEY_FILE`, `KEY_FILE_MODE`
 */
export async function loadIdentity(dataDir: string): Promise<Identity> {
  const where = path.join(dataDir, KEY_FILE);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const file = (await readKeyFile(where)) ?? (await createKeyFile(where));
    return new Identity(file, where);
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
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
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
  const temporary = await writeBeside(where, made);
  try {
    // Unlike a rename, a link never replaces the key that another process has made in the meantime.
    await link(temporary, where);
    return made;
  } catch (error) {
    const theirs = (error as NodeJS.ErrnoException).code === "EEXIST" ? await readKeyFile(where) : null;
    if (theirs) return theirs;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeBeside(where: string, file: KeyFile): Promise<string> {
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

function configError(code: string, message: string, cause?: unknown): ConfigError {
  return new ConfigError(code, message, { safeMessage: message, cause });
}
