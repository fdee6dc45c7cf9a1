// A launcher in a process of its own, so that a test can kill it. Arguments: options as JSON, a request as JSON.
import { runnerImport } from "vite";
import { pino } from "pino";

const load = async (file) =>
  (await runnerImport(file, { configFile: false, logLevel: "error", root: process.cwd() })).module;
const { openLauncher } = await load("./launcher/index.ts");
const { systemClock } = await load("./protocol/index.ts");
const [options, request] = process.argv.slice(2).map((text) => JSON.parse(text));
const launcher = await openLauncher({ ...options, clock: systemClock, log: pino({ level: "silent" }) });
launcher.on("state", ({ state }) => process.stdout.write(`state ${state}\n`));
await launcher.create(request);
// The launcher's own handles need not keep a process alive.
process.stdin.resume();
setInterval(() => undefined, 60_000);
