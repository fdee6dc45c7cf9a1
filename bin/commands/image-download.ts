import { dirname } from "node:path";
import { Option, type Command } from "commander";
import {
  chooseFirmware,
  chooseHardware,
  examineDisk,
  fetchImage,
  fetchNewImage,
  wasFetched,
  type FetchImageResult,
  type ImageStore,
  type NewImageSource,
} from "../../launcher/index.ts";
import {
  ConfigError,
  SHA256_HEX,
  diskFormat,
  describeError,
  isPosternError,
  systemClock,
  type DiskFormat,
  type ImageEntry,
} from "../../protocol/index.ts";
import { runWithProgress } from "../programs/run-with-progress.ts";
import { ExitCode } from "../terminal/exit-codes.ts";
import { parseSize } from "../terminal/option-parsers.ts";
import { printResult } from "../terminal/output.ts";
import { addImageEntryFlags, makeImageEntry, type ImageEntryFlags } from "./image-entry-options.ts";
import { addImageFlags, findFilesInUse, openImageStore, type ImageFlags } from "./image-options.ts";

const EXAMPLES = `
Examples:
  postern image download debian-cloud --data DIR
  postern image download tiny-core --data DIR --sha256 0123…
  postern image download lab --url https://images.example.org/lab.qcow2 --data DIR
  postern image refresh --data DIR                   all that were downloaded

A download that broke goes on where it was. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected. Without a
checksum an image is what its server says it is; the checksum that came is printed. An image is listed once its file
is here and checked.
`;

/** In GiB. */
const DEFAULT_MAX_GB = 64;

interface DownloadFlags extends ImageFlags, ImageEntryFlags {
  readonly url?: string;
  readonly sha256?: string;
  readonly format?: DiskFormat | "iso";
  readonly maxSize: number;
}

export function defineImageDownload(image: Command): void {
  const size = (command: Command): Command =>
    command.option(
      "--max-size <size>",
      "refuse larger files: GiB, or 100G",
      parseSize("--max-size", "GiB", 1),
      DEFAULT_MAX_GB,
    );
  const download = image.command("download").argument("<id>").description("fetch an image's file");
  addImageEntryFlags(
    size(addImageFlags(download))
      .option("--url <url>", "where from; default: what the entry says")
      .option("--sha256 <hex>", "what it has to be")
      .addOption(
        new Option("--format <format>", "of a new image; default: by its content").choices([
          "iso",
          ...diskFormat.options,
        ]),
      ),
  )
    .addHelpText("after", EXAMPLES)
    .action(downloadOne);
  const refresh = image
    .command("refresh")
    .argument("[ids...]")
    .description("fetch newer files where there are any");
  size(addImageFlags(refresh)).addHelpText("after", EXAMPLES).action(refreshAll);
}

async function downloadOne(id: string, flags: DownloadFlags): Promise<void> {
  const result = await fetchOne(await openImageStore(flags), id, flags);
  printResult(flags.json === true, describeResult(result), () => formatFetchResult(result));
}

/** What the flags say of the source is stored when the file is here, so that `refresh` uses it too. */
async function fetchOne(store: ImageStore, id: string, flags: DownloadFlags): Promise<FetchImageResult> {
  const { url, sha256 } = readSource(flags);
  const known = store.entries().find((entry) => entry.id === id);
  if (known === undefined && url !== undefined)
    return fetchNewWithProgress(store, { id, url, sha256 }, flags);
  const found = known ?? store.find(id);
  if (url === undefined && sha256 === undefined) return fetchWithProgress(store, found, flags);
  // The entry of a catalogue cannot be changed here.
  if (store.originOf(id) === "catalogue") store.checkFree(id);
  const before = found.source ?? { server: false };
  const source = { ...before, url: url ?? found.source?.url, sha256 };
  return fetchWithProgress(store, { ...found, source }, flags);
}

/** @throws ConfigError `IMAGE_ENTRY` */
function readSource(flags: DownloadFlags): { readonly url?: string; readonly sha256?: string } {
  const { url } = flags;
  const sha256 = flags.sha256?.toLowerCase();
  if (sha256 !== undefined && !SHA256_HEX.test(sha256))
    throw new ConfigError("IMAGE_ENTRY", `--sha256 ${sha256}: write 64 hexadecimal digits.`);
  if (url !== undefined && !/^https?:\/\//.test(url))
    throw new ConfigError("IMAGE_ENTRY", `--url ${url}: write an http:// or https:// address.`);
  return { ...(url !== undefined && { url }), ...(sha256 !== undefined && { sha256 }) };
}

async function refreshAll(ids: string[], flags: ImageFlags & { readonly maxSize: number }): Promise<void> {
  const store = await openImageStore(flags);
  const wanted = ids.length > 0 ? ids : await listDownloaded(store);
  const results: (FetchImageResult | RefreshFailure)[] = [];
  for (const id of wanted)
    try {
      results.push(await fetchWithProgress(store, store.find(id), flags));
    } catch (error) {
      // The others are refreshed all the same.
      const [code, message] = isPosternError(error)
        ? [error.code, error.message]
        : ["UNEXPECTED", describeError(error)];
      results.push({ id, code, message });
    }
  const shown = results.map((one) => ("entry" in one ? describeResult(one) : { id: one.id, error: one }));
  printResult(flags.json === true, shown, () =>
    results.length === 0
      ? "Nothing was downloaded here yet.\n"
      : results.map((one) => ("entry" in one ? formatFetchResult(one) : formatFailure(one))).join(""),
  );
  if (results.some((one) => "code" in one && one.code !== "IMAGE_IN_USE")) process.exitCode = ExitCode.failed;
}

/** Why an image was not refreshed. `IMAGE_IN_USE` is no fault. */
interface RefreshFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** The images of the folder that have a source, and those of the catalogue whose file was downloaded. */
async function listDownloaded(store: ImageStore): Promise<string[]> {
  const found: string[] = [];
  for (const entry of store.entries()) {
    const { id, boot, source } = entry;
    if (source?.url === undefined || boot.kind === "kernel") continue;
    const isOurs = store.isOwn(id) && dirname(boot.file) === store.folder;
    if (isOurs || (store.originOf(id) === "catalogue" && (await wasFetched(store, entry)))) found.push(id);
  }
  return found;
}

async function fetchWithProgress(
  store: ImageStore,
  entry: ImageEntry,
  flags: ImageFlags & { readonly maxSize: number },
): Promise<FetchImageResult> {
  const options = makeFetchOptions(flags);
  return runWithProgress((work) => fetchImage(store, entry, { ...work, ...options }));
}

async function fetchNewWithProgress(
  store: ImageStore,
  { id, url, sha256 }: { readonly id: string; readonly url: string; readonly sha256?: string | undefined },
  flags: DownloadFlags,
): Promise<FetchImageResult> {
  const source = { url, ...(sha256 !== undefined && { sha256 }) };
  // Errors of the options are reported before the work starts.
  makeImageEntry(id, flags, { kind: "iso", file: "/checked" }, { source });
  const options = makeFetchOptions(flags);
  return runWithProgress((work) => {
    const describe: NewImageSource["describe"] = async (boot) => {
      if (boot.kind === "iso") return makeImageEntry(id, flags, boot, { source });
      const { system, diskGb } = await examineDisk(boot, store.folder, work.signal);
      const hardware = chooseHardware({ format: boot.format, system, machine: null });
      const firmware = chooseFirmware({ system, machine: null });
      return makeImageEntry(id, flags, boot, { hardware, firmware, diskGb, source });
    };
    const what = { id, url, sha256: sha256 ?? null, format: flags.format ?? null, describe };
    return fetchNewImage(store, what, { ...work, ...options });
  });
}

function makeFetchOptions(flags: ImageFlags & { readonly maxSize: number }) {
  const used = () => findFilesInUse(flags);
  return { maxBytes: flags.maxSize * 1024 ** 3, used, environment: process.env, clock: systemClock };
}

function formatFailure({ id, code, message }: RefreshFailure): string {
  return code === "IMAGE_IN_USE" ? `${message}\n` : `Image ${id} was not refreshed: ${message}\n`;
}

function describeResult({ entry, changed, sha256 }: FetchImageResult) {
  return { id: entry.id, changed, sha256, boot: entry.boot };
}

function formatFetchResult({ entry, changed, sha256 }: FetchImageResult): string {
  return changed
    ? `Image ${entry.id} is there. SHA-256: ${sha256}\n`
    : `Image ${entry.id} is the newest already.\n`;
}
