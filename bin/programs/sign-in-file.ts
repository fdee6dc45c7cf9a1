import { dirname, resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "../../protocol/index.ts";
import type { SignInOptions } from "../../web/index.ts";
import { readSecretFile, readText } from "./option-files.ts";

/** In the place of any value: the content of a file, so that secrets need not stand in the configuration. */
const fileReference = z.strictObject({ file: z.string().min(1) });

/**
 * The sign-in providers of `--sign-in`: JSON, a list of `{"provider": …}` in the order in which they are asked. Paths are relative to
 * the file. What each may say is checked where it is opened.
 * @throws ConfigError `FILE_UNREADABLE`, `FILE_EMPTY`, `SIGN_IN_OPTIONS`
 */
export async function loadSignInOptions(file: string): Promise<SignInOptions> {
  let value: unknown;
  const text = await readText(file);
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("SIGN_IN_OPTIONS", `${file} is no JSON.`, { cause });
  }
  const given = (await readReferences(value, dirname(resolve(file)))) as SignInOptions;
  if (Array.isArray(given)) return given;
  throw new ConfigError("SIGN_IN_OPTIONS", `${file}: write a list, as [{"provider": "local"}].`);
}

async function readReferences(value: unknown, folder: string): Promise<unknown> {
  const reference = fileReference.safeParse(value);
  if (reference.success) return readSecretFile(resolve(folder, reference.data.file));
  if (Array.isArray(value)) return Promise.all(value.map((one) => readReferences(one, folder)));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    async ([key, one]) => [key, await readReferences(one, folder)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
