// The compatibility matrix: every viewer shows the picture of every VNC server, through a real server and agent.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { AdminApi } from "../../bin/admin-api.ts";
import { describeDesktops, type AgentDesktop, readAgentLog } from "../support/agent-desktops.ts";
import { type BarsMatch, findBars } from "../support/matrix/bars.ts";
import { Results } from "../support/matrix/results.ts";
import { loginOf, makeServerFixture } from "../support/matrix/server-fixture.ts";
import { SERVER_KINDS, type ServerKind } from "../support/matrix/server-kinds.ts";
import { type MatrixDesktop, type OpenViewer, ViewerFixture } from "../support/matrix/viewer-fixture.ts";
import { VIEWER_KINDS, type ViewerKind } from "../support/matrix/viewer-kinds.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { Bitmap } from "../support/bitmap.ts";
import {
  type PosternProgram,
  type PosternServer,
  startAgentProgram,
  startServerProgram,
} from "../support/postern.ts";
import { waitFor } from "../support/wait-for.ts";

/** The rest is the pointer, and what JPEG does at the bars' edges. */
const RIGHT = 0.98;
const TOKEN_SECONDS = 4 * 3600;
/** Two dozen programs on a busy machine. */
const START_TIMEOUT_MS = 600_000;
const PICTURE_TIMEOUT_MS = 30_000;

const cleanup = new CleanupStack();
const results = await Results.open();
let server: PosternServer;
let api: AdminApi;
let agent: PosternProgram;
let viewers: ViewerFixture;
const desks = new Map<string, MatrixDesktop>();

/** What the command line asks a server, without a process for each question: there are many. */
async function createToken(desktop: string): Promise<string> {
  const wanted = { desktop, role: "control", deny: [], ttlSeconds: TOKEN_SECONDS };
  return (await api.post("/tokens", wanted, z.object({ token: z.string() }))).token;
}

async function createNumber(side: "desktop" | "server", name: string): Promise<string> {
  const wanted = { [side]: name, ttlSeconds: TOKEN_SECONDS };
  return (await api.post("/repeater-ids", wanted, z.object({ number: z.string() }))).number;
}

async function listOnline(): Promise<{ id: string; name: string }[]> {
  const shape = z.array(z.object({ id: z.string(), name: z.string(), state: z.string() }));
  return (await api.get("/desktops", shape)).filter(({ state }) => state === "online");
}

/** Starts the VNC servers, a few at a time, and publishes those that do not dial in themselves. */
async function startServers(port: number): Promise<void> {
  const repeater = { port, createNumber: (name: string) => createNumber("server", name) };
  const serverFixture = await makeServerFixture(cleanup, repeater);
  const given: AgentDesktop[] = [];
  for (const [number, kind] of SERVER_KINDS.entries()) {
    const endpoint = `tcp:127.0.0.1:${await kind.start(serverFixture, number)}`;
    if (kind.flags !== null) given.push({ name: kind.id, endpoint, login: loginOf(serverFixture, kind) });
  }
  agent = await startAgentProgram(cleanup, server, describeDesktops(given));
}

beforeAll(async () => {
  server = await startServerProgram(cleanup, {
    args: ["--repeater-viewers", "127.0.0.1:0", "--repeater-servers", "127.0.0.1:0"],
  });
  api = new AdminApi(server.data);
  const ports = JSON.parse(await readFile(server.readyFile, "utf8")) as Record<string, number>;
  await startServers(ports.repeaterServers!);
  viewers = await ViewerFixture.start(cleanup, server, ports.repeaterViewers!);
  let online: { id: string; name: string }[] = [];
  const desktops = await waitFor(
    "all desktops",
    async () => {
      online = await listOnline();
      return online.length === SERVER_KINDS.length && online;
    },
    { timeoutMs: 60_000, explain: () => `There were ${online.map(({ name }) => name).join(", ")}.` },
  );
  for (const { id, name } of desktops) {
    desks.set(name, {
      id,
      name,
      token: await createToken(name),
      number: await createNumber("desktop", name),
    });
  }
}, START_TIMEOUT_MS);
afterAll(async () => {
  await results.savePage();
  await cleanup.close();
});

function howAgentEntered({ id, flags, enters }: ServerKind): string {
  if (flags === null) return enters;
  const lines = readAgentLog(agent).filter(
    ({ desktop, security }) => desktop === id && security !== undefined,
  );
  return lines.at(-1)?.security ?? "not at all";
}

/** Waits for the picture of this server, and no other's, whole and in its own size. */
async function waitForBars(viewer: OpenViewer, number: number): Promise<BarsMatch> {
  const { size } = SERVER_KINDS[number]!;
  let seen: Bitmap | undefined;
  let last: BarsMatch | undefined;
  return waitFor(
    "the server's picture",
    async () => {
      const picture = await viewer.takePicture();
      if (picture !== seen) last = picture && findBars(picture, number);
      seen = picture;
      const isWhole = last?.width === size.width && last.height === size.height;
      return isWhole && last!.right >= RIGHT && last;
    },
    { timeoutMs: PICTURE_TIMEOUT_MS, explain: () => JSON.stringify(last ?? "Nothing was there.") },
  );
}

/** A server without an agent serves one viewer, and dials in again for the next. */
async function waitUntilOnline(name: string): Promise<void> {
  await waitFor(`${name} online`, async () => (await listOnline()).some((desktop) => desktop.name === name));
}

async function tryCell(kind: ViewerKind, to: ServerKind): Promise<void> {
  await results.forget(kind.id, to.id);
  if (to.flags === null) await waitUntilOnline(to.id);
  const begin = performance.now();
  const viewer = await viewers.open(kind, desks.get(to.id)!);
  try {
    const { width, height, right } = await waitForBars(viewer, SERVER_KINDS.indexOf(to)).catch(
      async (error: unknown) => {
        const words = `${kind.title} said: ${(await viewer.readText()).slice(-3_000)}`;
        throw new Error(`${words}\nThe agent said: ${agent.process.output.slice(-1_000)}`, { cause: error });
      },
    );
    const tookMs = Math.round(performance.now() - begin);
    const heard = await viewer.readText();
    expect(heard).toMatch(kind.tells(to.id));
    expect(heard).not.toMatch(/CANARY/);
    const [said = ""] = kind.shows === "page" ? [] : (kind.says.exec(heard) ?? []);
    if (kind.shows !== "page") expect(heard).toMatch(kind.says);
    const entered = howAgentEntered(to);
    expect(entered).toBe(to.enters);
    const cell = { viewer: kind.id, server: to.id, width, height, right, tookMs, said, entered };
    await results.add(cell, await viewer.takeScreenshot());
  } finally {
    await viewer.close();
  }
}

describe.each(VIEWER_KINDS)("$title", (kind) => {
  test.each(SERVER_KINDS)("shows $title", (to) => tryCell(kind, to));
});
