// Looks at, imports and starts images, for a test that watches which files are opened. Argument: a task as JSON.
import { runnerImport } from "vite";
import { pino } from "pino";

const load = async (file) =>
  (await runnerImport(file, { configFile: false, logLevel: "error", root: process.cwd() })).module;
const launcher = await load("./launcher/index.ts");
const { imageEntry, systemClock } = await load("./protocol/index.ts");
const { hostile, names, storeDir, options } = JSON.parse(process.argv[2]);

const work = { signal: new AbortController().signal, onProgress: () => undefined };
const store = await launcher.ImageStore.open({ folder: storeDir, catalogueFile: null });
const describe = (id) => (file) =>
  imageEntry.parse({
    ...{ id, title: id, description: "", boot: { kind: "disk", format: "qcow2", file } },
    ...{ memoryMb: { default: 64, min: 32 }, cpus: { default: 1, min: 1 } },
  });
const tell = (error) => `${error.code ?? error.name}: ${error.message}`;

async function importOne(id, file, declared) {
  const what = { id, file, declared, compress: false, describe: (imported) => describe(id)(imported.file) };
  return launcher.importImage(store, what, work).then(() => "imported", tell);
}

const host = await launcher.openLauncher({ ...options, clock: systemClock, log: pino({ level: "silent" }) });

async function startOne(id) {
  return host.create({ id, name: id, image: id }).then(() => "accepted", tell);
}

const results = [];
for (const [index, { file, format }] of hostile.entries()) {
  const boot = { kind: "disk", format, file };
  const found = format === "ova" ? null : await launcher.inspectImage({ boot });
  results.push({
    file,
    inspected: found?.why ?? null,
    imported: await importOne(`h${index}`, file, null),
    declared: await importOne(`h${index}`, file, format),
    started: format === "ova" ? null : await startOne(`hostile-${index}`),
  });
}
const named = [];
for (const [index, file] of names.entries()) {
  const safe = await launcher.inspectImage({ boot: { kind: "disk", format: "qcow2", file } });
  named.push({ file, safe, imported: await importOne(`n${index}`, file, "qcow2") });
}
await Promise.all(host.machines().map(({ id }) => host.remove(id)));
await host.close();
process.stdout.write(`\nRESULT ${JSON.stringify({ results, named })}\n`);
process.exit(0);
