import { dirname } from "node:path";
import { Option, type Command } from "commander";
import { fetchImage, type FetchImageResult, type ImageStore } from "../../launcher/index.ts";
import { ConfigError, SHA256_HEX, systemClock, diskFormat, type DiskFormat } from "../../protocol/index.ts";
import { runWithProgress } from "../programs/run-with-progress.ts";
import { parseSize } from "../terminal/option-parsers.ts";
import { printResult } from "../terminal/output.ts";
import { addImageEntryFlags, makeImageEntry, type ImageEntryFlags } from "./image-entry-options.ts";
import { addImageFlags, findFilesInUse, openImageStore, type ImageFlags } from "./image-options.ts";

const EXAMPLES = `
Examples:
  postern image download debian-cloud --data DIR
  postern image download tiny-core --data DIR --sha256 0123…
  postern image download lab --url https://images.example.org/lab.qcow2 --format qcow2 --data DIR
  postern image refresh --data DIR                   all that were downloaded

A download that broke goes on where it was. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected. Without a
checksum an image is what its server says it is; the checksum that came is printed.
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
        new Option("--format <format>", "of a new image")
          .choices(["iso", ...diskFormat.options])
          .default("qcow2"),
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
  const store = await openImageStore(flags);
  await noteSource(store, id, flags);
  const result = await downloadWithProgress(store, id, flags);
  printResult(flags.json === true, describeResult(result), () => formatFetchResult(result));
}

/** Stores the values of the flags in the entry first, so that `refresh` uses them too. */
async function noteSource(store: ImageStore, id: string, flags: DownloadFlags): Promise<void> {
  const found = store.entries().find((entry) => entry.id === id);
  const sha256 = flags.sha256?.toLowerCase();
  if (sha256 !== undefined && !SHA256_HEX.test(sha256))
    throw new ConfigError("IMAGE_ENTRY", `--sha256 ${sha256}: write 64 hexadecimal digits.`);
  if (flags.url !== undefined && !/^https?:\/\//.test(flags.url))
    throw new ConfigError("IMAGE_ENTRY", `--url ${flags.url}: write an http:// or https:// address.`);
  if (found === undefined && flags.url === undefined) store.find(id);
  if (flags.url === undefined && sha256 === undefined) return;
  const source = { url: flags.url ?? found?.source?.url, sha256 };
  if (found !== undefined) {
    await store.put({
      ...found,
      source: { ...found.source, server: found.source?.server ?? false, ...source },
    });
    return;
  }
  const { format = "qcow2" } = flags;
  const boot =
    format === "iso"
      ? ({ kind: "iso", file: store.fileFor(id, "iso") } as const)
      : ({ kind: "disk", format, file: store.fileFor(id, format) } as const);
  await store.put(makeImageEntry(id, flags, boot, source));
}

async function refreshAll(ids: string[], flags: ImageFlags & { readonly maxSize: number }): Promise<void> {
  const store = await openImageStore(flags);
  const wanted =
    ids.length > 0
      ? ids
      : store
          .entries()
          .filter(hasDownloadSource(store))
          .map(({ id }) => id);
  const results: FetchImageResult[] = [];
  for (const id of wanted) results.push(await downloadWithProgress(store, id, flags));
  printResult(flags.json === true, results.map(describeResult), () =>
    results.length === 0 ? "Nothing was downloaded here yet.\n" : results.map(formatFetchResult).join(""),
  );
}

function hasDownloadSource(store: ImageStore) {
  return ({ id, boot, source }: ReturnType<ImageStore["find"]>): boolean =>
    store.isOwn(id) &&
    source?.url !== undefined &&
    boot.kind !== "kernel" &&
    dirname(boot.file) === store.folder;
}

async function downloadWithProgress(
  store: ImageStore,
  id: string,
  flags: ImageFlags & { readonly maxSize: number },
): Promise<FetchImageResult> {
  const used = await findFilesInUse(flags);
  const maxBytes = flags.maxSize * 1024 ** 3;
  return runWithProgress((work) =>
    fetchImage(store, id, { ...work, maxBytes, used, environment: process.env, clock: systemClock }),
  );
}

function describeResult({ entry, changed, sha256 }: FetchImageResult) {
  return { id: entry.id, changed, sha256, boot: entry.boot };
}

function formatFetchResult({ entry, changed, sha256 }: FetchImageResult): string {
  return changed
    ? `Image ${entry.id} is there. SHA-256: ${sha256}\n`
    : `Image ${entry.id} is the newest already.\n`;
}
