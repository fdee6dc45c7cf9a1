import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { ConfigError, describeError, formatHostPort } from "../../protocol/index.ts";
import type { HostPort } from "../../proxy/index.ts";
import { locateRuntimeDir } from "./data-dirs.ts";
import { isAnswered } from "./start-socket.ts";

/** Ports above a taken one that are looked at for one that is free. */
const NEIGHBOURS = 50;
const LAST_PORT = 65_535;

interface Places {
  readonly listen: HostPort;
  readonly rfbListen: HostPort | null;
  readonly repeaterViewers: HostPort | null;
  readonly repeaterServers: HostPort | null;
}

/** The administrator's Unix socket of the server on a data folder; nothing is created. */
export function locateAdminSocket(dataDir: string): string {
  return join(locateRuntimeDir(resolve(dataDir)).path, "admin.sock");
}

/**
 * Refuses a start that cannot succeed before anything is made for it.
 * @param startedBy what the person typed before the options, as `npm start --`; null: the program itself
 * @throws ConfigError `ALREADY_RUNNING`, `LISTEN_FAILED` with every port that is taken and the options that choose others
 */
export async function checkStart(
  options: Places & { readonly dataDir: string },
  startedBy = process.env["POSTERN_STARTED_BY"] ?? null,
): Promise<void> {
  await refuseIfAlreadyRunning(options.dataDir);
  const places = listPlaces(options);
  const taken: typeof places = [];
  for (const [option, place] of places) {
    const cause = await tryToListen(place);
    if (cause === null) continue;
    const text = `Cannot listen on ${formatHostPort(place)}: ${describeError(cause)}.`;
    if (cause.code !== "EADDRINUSE") throw ConfigError.public("LISTEN_FAILED", text, { cause });
    taken.push([option, place]);
  }
  if (taken.length > 0) throw await explainTaken(taken, places, startedBy);
}

/** Two servers must not share a data folder. @throws ConfigError `ALREADY_RUNNING` */
export async function refuseIfAlreadyRunning(dataDir: string): Promise<void> {
  if (await isAnswered(locateAdminSocket(dataDir)))
    throw new ConfigError("ALREADY_RUNNING", `A server already runs on ${resolve(dataDir)}. Stop it first.`);
}

function listPlaces(options: Places): [option: string, place: HostPort][] {
  const { listen, rfbListen, repeaterViewers, repeaterServers } = options;
  const all: [string, HostPort | null][] = [
    ["--listen", listen],
    ["--rfb-listen", rfbListen],
    ["--repeater-viewers", repeaterViewers],
    ["--repeater-servers", repeaterServers],
  ];
  return all.flatMap(([option, place]) => (place === null || place.port === 0 ? [] : [[option, place]]));
}

function tryToListen({ host, port }: HostPort): Promise<NodeJS.ErrnoException | null> {
  return new Promise((settle) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", settle);
    server.listen({ host, port }, () => {
      server.close(() => {
        settle(null);
      });
    });
  });
}

async function explainTaken(
  taken: readonly [string, HostPort][],
  places: readonly [string, HostPort][],
  startedBy: string | null,
): Promise<ConfigError> {
  const used = new Set(places.map(([, { port }]) => port));
  const words: string[] = [];
  for (const [option, { host, port }] of taken) {
    const free = await findFreePort(host, port, used);
    used.add(free);
    words.push(option, formatHostPort({ host, port: free }));
  }
  const where = taken.map(([, place]) => formatHostPort(place)).join(" and ");
  const command = [...(startedBy === null ? [] : [startedBy]), ...words].join(" ");
  const choose = taken.length === 1 ? "another port" : "other ports";
  return ConfigError.public(
    "LISTEN_FAILED",
    `Another program already listens on ${where}. Stop it, or choose ${choose}: ${command}`,
  );
}

/** The next one above `port`; 0, which takes any, where none of its neighbours is free. */
async function findFreePort(host: string, port: number, used: ReadonlySet<number>): Promise<number> {
  for (let next = port + 1; next <= Math.min(port + NEIGHBOURS, LAST_PORT); next++)
    if (!used.has(next) && (await tryToListen({ host, port: next })) === null) return next;
  return 0;
}
