import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { ConfigError } from "../../protocol/index.ts";
import { verifyAudit, type AuditVerificationResult } from "../../proxy/index.ts";
import { collectValues, parseInteger } from "../terminal/option-parsers.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { formatByteCount, printResult } from "../terminal/output.ts";

interface VerifyFlags {
  readonly data?: string;
  readonly publicKey?: string[];
  readonly from: number;
  readonly expect?: { readonly sequence: number; readonly hash: string };
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  postern audit verify --data /var/lib/postern
  postern audit verify --public-key audit.pub audit-000000000001.jsonl audit.jsonl
  postern audit verify --data /var/lib/postern --expect 4711:9f86d0…     a line that was noted before

Nothing is changed, and no server has to run. Ends with status 1 at the first line that is not as it was written.
`;

const PROGRESS_MS = 200;

export function defineAuditVerify(parent: Command): void {
  parent
    .command("verify [files...]")
    .description("check the log from its first line on")
    .addOption(
      new Option("--data <dir>", "the server's data folder, if no files are named").env("POSTERN_DATA"),
    )
    .option("--public-key <file>", "the server's audit.pub, from a safe place; repeatable", collectValues)
    .option("--from <number>", "the first line's number, where older files were archived", parseFrom, 1)
    .option(
      "--expect <number:hash>",
      "this line must be there, as an earlier check printed it",
      parseExpected,
    )
    .option("--json", "one JSON value on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (files: string[], flags: VerifyFlags) => {
      const result = await verifyAudit({
        of:
          files.length > 0
            ? { files: files.map((file) => resolve(file)) }
            : { dataDir: requireDataDir(flags) },
        publicKeys: flags.publicKey === undefined ? null : await readKeys(flags.publicKey),
        from: flags.from,
        ...(flags.expect && { expect: flags.expect }),
        onProgress: showProgress(),
      });
      if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
      printResult(flags.json === true, result, () => formatVerification(result));
      if (!result.ok) process.exitCode = ExitCode.failed;
    });
}

function requireDataDir({ data }: VerifyFlags): string {
  if (data !== undefined) return resolve(data);
  throw new ConfigError("AUDIT_SOURCE", "Which log? Give --data DIR, or name the log's files.");
}

const parseFrom = parseInteger("--from", 1);

function parseExpected(text: string): { sequence: number; hash: string } {
  const [, sequence, hash = ""] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined)
    throw new InvalidArgumentError("Write NUMBER:HASH, as `audit verify` prints it.");
  return { sequence: Number(sequence), hash };
}

async function readKeys(paths: readonly string[]): Promise<string> {
  const texts = paths.map((path) =>
    readFile(path, "utf8").catch((cause: unknown) => {
      throw new ConfigError(
        "FILE_UNREADABLE",
        `${path} cannot be read. Check the path and its permissions.`,
        {
          cause,
        },
      );
    }),
  );
  return (await Promise.all(texts)).join("\n");
}

/** Only on a terminal: shows how much of a large log has been read. */
function showProgress(): (done: number, total: number) => void {
  let shownAt = Date.now();
  return (done, total) => {
    if (!process.stderr.isTTY || Date.now() - shownAt < PROGRESS_MS) return;
    shownAt = Date.now();
    const percent = Math.floor((100 * done) / Math.max(1, total));
    process.stderr.write(`\r\u001b[K  ${formatByteCount(done)} of ${formatByteCount(total)}, ${percent} %`);
  };
}

function formatVerification({
  bad,
  lines,
  files,
  checkpoints,
  last,
  unsigned,
  notes,
}: AuditVerificationResult): string {
  const said = notes.map((note) => `  ${note}\n`).join("");
  if (bad !== null) {
    const number = bad.sequence === null ? "" : `, number ${bad.sequence}`;
    return `WRONG  ${bad.file}, line ${bad.line}${number}: ${bad.message} (${bad.code})\n  The lines before it are right.\n${said}`;
  }
  const end = last === null ? "" : `  Last line     ${last.sequence}:${last.hash}\n`;
  const behind = unsigned === 0 ? "" : `, ${unsigned} lines behind the last one`;
  return `RIGHT  ${lines} lines in ${files} files\n  Checkpoints   ${checkpoints}${behind}\n${end}${said}`;
}
