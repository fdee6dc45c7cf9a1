import { ConfigError } from "../../protocol/index.ts";
import { quotaTable, type ConfiguredQuota, type QuotaTable } from "../../orchestrator/index.ts";
import { readText } from "./option-files.ts";

export interface LimitsFileOptions {
  /** JSON: `{"roles": {"user": {…}}, "users": {"anna": {…}}}`; null: none. */
  readonly file: string | null;
  /** For everybody with the role `user`; an entry of the file for that role takes precedence. */
  readonly user: ConfiguredQuota;
}

/** @throws ConfigError `FILE_UNREADABLE`, `LIMITS_INVALID` */
export async function loadLimits({ file, user }: LimitsFileOptions): Promise<QuotaTable> {
  const table = file === null ? quotaTable.parse({}) : parseLimits(await readText(file), file);
  return { ...table, roles: { ...table.roles, user: { ...user, ...table.roles.user } } };
}

/** @throws ConfigError `LIMITS_INVALID`, naming the field */
export function parseLimits(text: string, file: string): QuotaTable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError("LIMITS_INVALID", `${file} is no JSON.`, { cause });
  }
  const parsed = quotaTable.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw new ConfigError(
    "LIMITS_INVALID",
    `${file}: ${where === "" ? "" : `${where}: `}${issue?.message ?? ""}.`,
  );
}
