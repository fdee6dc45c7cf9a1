// An agent that knows MiP 1 from its specification alone serves real viewers with a real VNC server.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type XDisplay, startDisplay } from "../support/x-display.ts";
import { deriveMip1Tokens, startMip1Agent } from "../support/mip1-agent.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startServerProgram } from "../support/postern.ts";
import { type TcpRecorder, startTcpRecorder } from "../support/tcp-recorder.ts";
import { connectRfb, RfbRefusal } from "../support/rfb-client.ts";
import { openTigerViewer, takeViewerSnapshot } from "../support/debian-viewers.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc, type Xvnc } from "../support/xvnc.ts";

const JOB = "354887_1_20_2009__18_4_26_mig-1.imada.sdu.dk.0";
const BACKGROUND: RgbColour = [0x20, 0x60, 0xc0];
const MOST = 150_000;
const WRONG = "This token is wrong or has expired. Ask for a new one.";

const shared = new CleanupStack();
const cleanup = new CleanupStack();
let server: PosternServer;
let xvnc: Xvnc;
let display: XDisplay;
let recorder: TcpRecorder;

beforeAll(async () => {
  [xvnc, display] = await Promise.all([
    startXvnc(shared, { name: "CANARY-NAME" }),
    startDisplay(shared, { width: 1000, height: 700 }),
  ]);
  const flags = ["--mip1-allow", "127.0.0.0/8", "--mip1-endpoint", `127.0.0.1:${xvnc.port}`];
  server = await startServerProgram(shared, { args: flags });
  recorder = await startTcpRecorder(shared, { port: server.rfb, host: "127.0.0.1" });
  await xvnc.display.paintRoot(BACKGROUND);
});
afterEach(() => cleanup.close());
afterAll(() => shared.close());

async function awaitDesktops(state: string, count: number): Promise<void> {
  await waitFor(`${count} desktops ${state}`, async () => {
    const desktops = await server.listDesktops();
    return desktops.filter((desktop) => desktop.state === state).length === count;
  });
}

async function refusalOf(password: string): Promise<string> {
  const viewer = await connectRfb(cleanup, { port: server.rfb, host: "127.0.0.1" });
  const refusal: unknown = await viewer.handshake({ password }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(RfbRefusal);
  return (refusal as RfbRefusal).reason;
}

test.each([
  ["without ALPN", {}],
  ["with ALPN mip/1", { alpn: "mip/1" }],
])("vncsnapshot takes a picture with either derivation of the identifier, %s", async (_how, settings) => {
  const agent = await startMip1Agent(cleanup, server, { identifier: JOB, ...settings });
  await awaitDesktops("online", 1);
  const tokens = await deriveMip1Tokens(JOB);
  expect(tokens).toEqual(["^HbD)GJo", "^H`QrVTf"]);
  for (const password of tokens) {
    const { picture, output } = await takeViewerSnapshot(display.folder, { port: recorder.port, password });
    expect(picture, output).toMatchObject({ width: 640, height: 480 });
    expect(picture!.count(BACKGROUND, 8)).toBeGreaterThan(MOST);
  }
  await agent.waitForOutput(/data connection ended[^]*data connection ended/);
  expect(agent.output).toContain(`endpoint ('127.0.0.1', ${xvnc.port})`);
  expect(agent.output).toContain(`proxy ('127.0.0.1', ${server.listen})`);
  await agent.stop();
  await awaitDesktops("offline", 1);
  expect(await refusalOf(tokens[0])).toBe(WRONG);
});

test("TigerVNC's viewer and a scripted one share the desktop, and learn neither its name nor its job", async () => {
  await startMip1Agent(cleanup, server, { identifier: JOB, identifierType: 2 });
  await awaitDesktops("online", 1);
  const [password] = await deriveMip1Tokens(JOB);
  const [desktop] = await server.listDesktops();
  expect(desktop!.name).toMatch(/^mip1-[0-9a-f]{10}$/);
  const tiger = await openTigerViewer(display, { port: recorder.port, password });
  await display.waitForColour(BACKGROUND, MOST);
  expect(await display.listWindowTitles()).toContain(`${desktop!.name} - TigerVNC`);
  const scripted = await connectRfb(cleanup, { port: recorder.port, host: "127.0.0.1" });
  expect(await scripted.handshake({ password })).toMatchObject({ name: desktop!.name, width: 640 });
  await tiger.stop();
  const seen = recorder.received().toString("latin1");
  for (const secret of ["CANARY-NAME", JOB, "mig-1", password]) expect(seen).not.toContain(secret);
});

test("of two agents with one identifier the newest serves", async () => {
  const older = await startMip1Agent(cleanup, server, { identifier: JOB });
  await awaitDesktops("online", 1);
  const newer = await startMip1Agent(cleanup, server, { identifier: JOB });
  await older.waitForOutput(/control connection closed/);
  const [password] = await deriveMip1Tokens(JOB);
  const { picture, output } = await takeViewerSnapshot(display.folder, { port: server.rfb, password });
  expect(picture, output).toBeDefined();
  expect(newer.output).toContain("setup request");
  expect(older.output).not.toContain("setup request");
});

test("a data connection from another address than the agent's is refused, and so is the viewer", async () => {
  await startMip1Agent(cleanup, server, { identifier: JOB, dataBind: "127.0.0.2" });
  await awaitDesktops("online", 1);
  const [password] = await deriveMip1Tokens(JOB);
  expect(await refusalOf(password)).toMatch(/^The host of this desktop did not answer in time/);
});

test("an agent that is not allow-listed is refused", async () => {
  const strict = await startServerProgram(cleanup, { args: ["--mip1-allow", "192.0.2.0/24"] });
  for (const alpn of ["none", "mip/1"]) {
    const agent = await startMip1Agent(cleanup, strict, { identifier: JOB, alpn });
    await agent.waitForOutput(/control connection closed/);
    await agent.waitForExit();
  }
  expect(await strict.listDesktops()).toEqual([]);
});

test("a server that allows nobody does not know MiP 1", async () => {
  const plain = await startServerProgram(cleanup);
  await expect(startMip1Agent(cleanup, plain, { identifier: JOB, alpn: "mip/1" })).rejects.toThrow(/ended/);
  expect(await plain.listDesktops()).toEqual([]);
});
