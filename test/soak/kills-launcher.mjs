// A launcher of the soak test. Arguments: options as JSON; `work`: machines come, are saved, stopped and go;
// `look`: adopts and tells; `clear`: removes all. It goes when its input ends.
import { runnerImport } from "vite";
import { pino } from "pino";

const load = async (file) =>
  (await runnerImport(file, { configFile: false, logLevel: "error", root: process.cwd() })).module;
const { openLauncher } = await load("./launcher/index.ts");
const { systemClock } = await load("./protocol/index.ts");
const options = JSON.parse(process.argv[2]);
const launcher = await openLauncher({ ...options, clock: systemClock, log: pino({ level: "silent" }) });

const ended = (machine) => machine.state === "stopped" || machine.state === "failed";

async function settle() {
  while (
    launcher
      .machines()
      .some(({ state }) => !["stopped", "failed", "running", "booting", "paused"].includes(state))
  )
    await new Promise((resolve) => setTimeout(resolve, 50));
  // What belongs to a machine that has just ended may take this long to go.
  await new Promise((resolve) => setTimeout(resolve, 2500));
}

/** One step of a machine's life, by chance. */
async function step(id) {
  const machine = launcher.machines().find((one) => one.id === id);
  if (machine === undefined) return launcher.create({ id, name: id, image: "small" });
  if (ended(machine)) return Math.random() < 0.3 ? launcher.remove(id) : launcher.start(id);
  const deeds = [
    () => launcher.save(id),
    () => launcher.takeSnapshot(id, `s${Date.now()}`),
    () => launcher.pause(id),
    () => launcher.resume(id),
    () => launcher.stop(id, true),
    () => launcher.reset(id),
  ];
  return deeds[Math.floor(Math.random() * deeds.length)]();
}

let going = true;
process.stdin.on("end", () => {
  going = false;
});
process.stdin.resume();

if (process.argv[3] === "clear") for (const { id } of launcher.machines()) await launcher.remove(id);
if (process.argv[3] === "look") await settle();
process.stdout.write(
  `${JSON.stringify({ running: launcher.machines().filter((one) => !ended(one)).length })}\n`,
);
while (going) {
  // A refusal is an answer like any other here.
  if (process.argv[3] === "work") for (const id of ["m1", "m2"]) await step(id).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 200));
}
await launcher.close();
process.exit(0);
