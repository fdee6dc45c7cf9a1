import { randomInt } from "node:crypto";
import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isPosternError, UNEXPLAINED } from "../../protocol/index.ts";
import type { MachineSpec } from "../model/machine-spec.ts";
import { readRecord, replaceJsonFile } from "../system/json-file.ts";
import { planScripts } from "./plan-scripts.ts";
import { customizeDisk, type Customizer } from "./customize/customize-disk.ts";
import { scriptError } from "./script-error.ts";
import { readScript, type Script } from "./script.ts";
import { writeSeed } from "./seed/cloud-init-seed.ts";
import { loadScripts } from "./sources/load-scripts.ts";
import { wantsCredential, type ScriptSymbols } from "./script-symbols.ts";

/** Time limit for loading all scripts. */
const LOAD_SCRIPTS_MS = 60_000;
const CREDENTIAL_LENGTH = 20;
/** The record of the results, in the machine's folder. */
const NOTE = "scripts.json";
const SEED = "seed.iso";
const CUSTOMIZED = "customized.qcow2";
/** Without characters that look alike: users type it. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

interface ScriptFolders {
  /** The machine's own: all results are stored here and deleted with it. */
  readonly machine: string;
  /** Customized disks for the next machine, on the same file system; made when it is needed. */
  readonly cache: string;
  /** The administrator's scripts; null: none are read from files. */
  readonly scripts: string | null;
}

export interface ScriptTools extends Customizer {
  /** Hosts that URLs may name although they are this host or its neighbours. */
  readonly allowHosts: readonly string[];
}

const prepared = z.object({
  /** A disk for {@link seedArguments}. */
  seed: z.string().optional(),
  /** A qcow2 file over the image, beneath the machine's overlay. */
  base: z.string().optional(),
  /** What `@CREDENTIAL@` became, for the machine's owner. */
  credential: z.string().optional(),
});
export type PreparedScripts = z.infer<typeof prepared>;

type Scripted = Pick<MachineSpec, "id" | "name" | "boot" | "master" | "scripts" | "scriptRoute">;

/**
 * Parses a machine's boot scripts without loading anything, so that errors are reported at once.
 * @throws LaunchError `SCRIPT_CONDITION`, `SCRIPT_KIND`, `SCRIPT_PASSWORD`
 */
export function readScripts(spec: Pick<MachineSpec, "scripts">): Script[] {
  return spec.scripts.map(readScript).filter((script) => script !== null);
}

/**
 * Prepares a machine's boot scripts, once: later starts use the results of the first.
 * @param symbols all but the credential, which is generated here when a script needs it
 * @throws LaunchError `SCRIPT_…`
 */
export async function prepareScripts(
  spec: Scripted,
  symbols: Omit<ScriptSymbols, "credential">,
  folders: ScriptFolders,
  tools: ScriptTools,
): Promise<PreparedScripts> {
  const scripts = readScripts(spec);
  if (scripts.length === 0) return {};
  const before = readPreparedScripts(folders.machine);
  if (before !== null) return before;
  const all: ScriptSymbols = { ...symbols, credential: makeCredential() };
  try {
    return await makeScripts(spec, scripts, all, folders, tools);
  } catch (error) {
    throw hideSecret(error, all.credential);
  }
}

async function makeScripts(
  spec: Scripted,
  scripts: readonly Script[],
  all: ScriptSymbols,
  folders: ScriptFolders,
  tools: ScriptTools,
): Promise<PreparedScripts> {
  const loaded = await loadScripts(scripts, all, {
    scriptsFolder: folders.scripts,
    environment: tools.environment,
    allowHosts: tools.allowHosts,
    signal: AbortSignal.any([tools.signal, AbortSignal.timeout(LOAD_SCRIPTS_MS)]),
  });
  const { seed, changes, personal } = planScripts(spec.scriptRoute, loaded, all, tools.network);
  const done: PreparedScripts = {};
  if (loaded.some(({ text }) => wantsCredential(text))) done.credential = all.credential;
  if (seed.length > 0) {
    done.seed = join(folders.machine, SEED);
    await replaceFile(done.seed, writeSeed(spec, seed));
  }
  if (changes.length > 0) {
    done.base = join(folders.machine, CUSTOMIZED);
    await removeUnfinished(folders.machine);
    await customizeDisk(
      findCustomizableDisk(spec),
      changes,
      done.base,
      personal ? null : folders.cache,
      tools,
    );
  }
  replaceJsonFile(join(folders.machine, NOTE), done);
  return done;
}

/** The disk of which scripts may change a copy. @throws LaunchError `SCRIPT_DISK` */
export function findCustomizableDisk({
  boot,
  master,
}: Pick<Scripted, "boot" | "master">): Extract<MachineSpec["boot"], { kind: "disk" }> {
  if (boot.kind === "disk" && !master) return boot;
  throw scriptError(
    "SCRIPT_DISK",
    master
      ? "Boot scripts that change the disk are for machines with a disk of their own, not for work on the image itself."
      : "This image has no disk that a boot script could change.",
  );
}

/** Leftovers of a killed launcher. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter((one) => one.startsWith(`${CUSTOMIZED}.`)))
    await rm(join(folder, name), { recursive: true, force: true });
}

/** Errors of programs and addresses quote their arguments, the secret included. */
function hideSecret(error: unknown, secret: string): unknown {
  if (!isPosternError(error) || !`${error.message}${String(error.cause)}`.includes(secret)) return error;
  const hide = (text: string): string => text.replaceAll(secret, "@CREDENTIAL@");
  const cause = error.cause === undefined ? undefined : new Error(hide(String(error.cause)));
  return scriptError(error.code, hide(error.safeMessage ?? UNEXPLAINED), cause);
}

function makeCredential(): string {
  return Array.from({ length: CREDENTIAL_LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(
    "",
  );
}

/**
 * The results of an earlier start of the machine; null: none yet.
 * @throws LaunchError `SCRIPT_RECORD`: the machine's disk depends on results that are not known
 */
export function readPreparedScripts(machineFolder: string): PreparedScripts | null {
  const found = readRecord(join(machineFolder, NOTE), prepared);
  if (found.kind === "whole") return found.value;
  // The first start, or an interrupted one.
  if (found.kind === "missing") return null;
  throw scriptError(
    "SCRIPT_RECORD",
    "The record of the machine's boot scripts on the host is damaged. Its disk is untouched.",
    new Error(`${NOTE}: ${found.why}`),
  );
}

async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}
