// What viewers, VNC servers and agents are told is captured on every cable, opened, and searched for who the others are.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CERTIFICATE_NAME, VNC_PASSWORD } from "../support/capture/identifying-host.ts";
import {
  CaptureFixture,
  type CapturePosition,
  type CapturedTraffic,
} from "../support/capture/capture-fixture.ts";
import { noVncViewerKind, startViewerBrowser } from "../support/capture/novnc-viewer-kind.ts";
import { rsaAesViewerKind } from "../support/capture/rsa-aes-viewer-kind.ts";
import { type Canary, findCanaries } from "../support/capture/canaries.ts";
import {
  LOGIN_NAME,
  type CapturedViewer,
  SNAPSHOT_VIEWER,
  type CapturedViewerKind,
  WINDOW_VIEWERS,
} from "../support/capture/viewer-programs.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { type PosternProgram, startAgentProgram } from "../support/postern.ts";
import { connectRfb, RfbRefusal } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const RENAMED = "hcanary-renamed";
const SERVER_IDENTITY = 0xfffe0003 | 0;
const DESKTOP_NAME = -307;

const cleanup = new CleanupStack();
let captureFixture: CaptureFixture;
let browser: Browser;
let away: PosternProgram;
let atHost: Canary[];
let expired: string;
const tokens = new Map<string, string>();
let repeaterId: string;

beforeAll(async () => {
  captureFixture = await CaptureFixture.open(cleanup);
  browser = await startViewerBrowser(captureFixture, cleanup);
  const { server, host, hostComputer: hostPlace, viewerComputer: viewerPlace, ports } = captureFixture;
  away = await startAgentProgram(cleanup, server, {
    desktops: { "lab-away": `tcp:127.0.0.1:${host.plain.port}` },
    proxy: `${viewerPlace.address}:${ports.listen}`,
    via: hostPlace.commandPrefix,
  });
  expired = await server.createToken("lab-plain", "--ttl", "1");
  for (const name of ["lab-plain", "lab-tls", "lab-x11", "lab-down", "lab-locked", "lab-away"])
    tokens.set(name, await server.createToken(name));
  const ask = ["repeater", "create", "--desktop", "lab-plain"];
  repeaterId = (await server.ask<{ number: string }>(...ask)).number;
  await away.stopProcess();
  atHost = [
    { what: "host name", text: hostPlace.hostName },
    { what: "user name", text: hostPlace.userName },
    { what: "new name", text: RENAMED },
    { what: "certificate", text: CERTIFICATE_NAME },
    { what: "software", text: "LibVNCServer" },
    { what: "software", text: "TigerVNC" },
    { what: "software", text: "x11vnc" },
    { what: "address", text: hostPlace.ownAddress, kind: "address" },
    ...[59371, 59372, 59373, 59374].map(
      (port) => ({ what: "port", text: String(port), kind: "number" }) as const,
    ),
    { what: "VNC password", text: VNC_PASSWORD },
  ];
});
afterAll(() => cleanup.close());

function atViewer(): Canary[] {
  const { hostName, userName } = captureFixture.viewerComputer;
  const software = ["vncviewer", "ssvnc", "vncsnapshot", "noVNC", "Chrome", "Mozilla"];
  return [
    ...KINDS.map((_, index) => ({ what: "address", text: addressOf(index), kind: "address" }) as const),
    { what: "host name", text: hostName },
    { what: "user name", text: userName },
    { what: "login name", text: LOGIN_NAME },
    ...software.map((text) => ({ what: "software", text })),
    ...[...tokens.values(), expired].map((text) => ({ what: "token", text })),
  ];
}

/** Each kind of viewer has its own: its wrong tokens cost the others nothing. */
function addressOf(index: number): string {
  return `10.99.${index + 1}.7`;
}

/** @throws when one side learned anything of the other */
function expectNothingLearned(overheard: CapturedTraffic, inTheClear: Buffer): void {
  expect(findCanaries(overheard.toViewer, atHost), "what the viewer was told").toEqual([]);
  expect(findCanaries(inTheClear, atHost), "what the viewer was told, decrypted by itself").toEqual([]);
  expect(findCanaries(overheard.toVncServer, atViewer()), "what the VNC server was told").toEqual([]);
  expect(findCanaries(overheard.mip, atViewer()), "what the agent was told").toEqual([]);
  for (const { process } of [captureFixture.host.plain, captureFixture.host.tls, captureFixture.host.x11])
    expect(findCanaries(process.output, atViewer()), "what the VNC server wrote down").toEqual([]);
  expect(findCanaries(captureFixture.agent.process.output, atViewer()), "what the agent wrote down").toEqual(
    [],
  );
}

const KINDS: readonly CapturedViewerKind[] = [
  ...WINDOW_VIEWERS,
  SNAPSHOT_VIEWER,
  noVncViewerKind("token", () => browser),
  noVncViewerKind("ticket", () => browser),
  rsaAesViewerKind(5),
  rsaAesViewerKind(6),
  rsaAesViewerKind(129),
];

describe.each(KINDS.map((kind, index) => ({ name: kind.name, kind, index })))("$name", ({ kind, index }) => {
  let since: CapturePosition;
  const heard: (() => Buffer)[] = [];

  async function visit(desktop: string, token = tokens.get(desktop)!): Promise<CapturedViewer> {
    const viewer = await kind.open(captureFixture, cleanup, { desktop, token, repeaterId });
    if (viewer.receivedBytes) heard.push(viewer.receivedBytes);
    return viewer;
  }

  const inTheClear = (): Buffer => Buffer.concat(heard.map((read) => read()));

  beforeAll(async () => {
    await captureFixture.viewerComputer.move(addressOf(index), captureFixture.viewerComputer.address);
  });

  test("visits that go well, a rename among them", async () => {
    since = await captureFixture.now();
    const { plain, tls, x11 } = captureFixture.host;
    for (const { name, colour } of kind.name.includes("repeater") ? [plain] : [plain, tls, x11]) {
      const viewer = await visit(name);
      await viewer.waitForColour(colour);
      if (name === plain.name && kind.stays) {
        const { display } = plain;
        await display.run("vncconfig", ["-display", display.name, "-set", `desktop=${RENAMED}`]);
        await display.paintRoot([0x10, 0x90, 0x90]);
        await viewer.waitForColour([0x10, 0x90, 0x90]);
        await display.paintRoot(colour);
        const title = `${captureFixture.hostComputer.hostName}:1 (${captureFixture.hostComputer.userName})`;
        await display.run("vncconfig", ["-display", display.name, "-set", `desktop=${title}`]);
      }
      await viewer.stop();
    }
    await captureFixture.waitUntilOver(since);
    const overheard = await captureFixture.readTraffic(since);
    expectNothingLearned(overheard, inTheClear());
    // It was all there: what a viewer may see, what the server at the host says of itself, and what the agent was asked.
    expect(Buffer.concat([overheard.toViewer, inTheClear()]).includes("lab-plain")).toBe(true);
    expect(findCanaries(overheard.fromVncServer, atHost)).toContain(
      `host name (${captureFixture.hostComputer.hostName})`,
    );
    expect(overheard.mip.includes("lab-plain")).toBe(true);
    expect(overheard.toVncServer.length).toBeGreaterThan(40);
    const name = Buffer.alloc(4);
    name.writeInt32BE(DESKTOP_NAME);
    if (inTheClear().length === 0) expect(overheard.fromViewer.includes(name)).toBe(kind.asksForNames);
  });

  test("refusals", async () => {
    const wrong = kind.sendsLoginName ? "LOGIN_REFUSED" : "TOKEN_WRONG";
    const cases: [string, string, string | undefined][] = [
      [wrong, "lab-plain", "wr0ngt0k"],
      [wrong, "lab-plain", expired],
      ["DESKTOP_UNREACHABLE", "lab-down", undefined],
      ["DESKTOP_UNREACHABLE", "lab-locked", undefined],
      ["HOST_OFFLINE", "lab-away", undefined],
    ];
    for (const [reason, desktop, token] of cases) {
      if (kind.name.includes("ticket") && reason === wrong) continue;
      if (kind.name.includes("repeater") && desktop !== "lab-plain") continue;
      since = await captureFixture.now();
      const before = (await captureFixture.listReasons()).length;
      const viewer = await visit(desktop, token);
      await waitFor(`${reason} for ${desktop}`, async () =>
        (await captureFixture.listReasons()).slice(before).includes(reason),
      );
      await viewer.stop();
      await captureFixture.waitUntilOver(since);
      expectNothingLearned(await captureFixture.readTraffic(since), inTheClear());
    }
  });

  if (!kind.stays) return;

  test("a viewer killed in the middle", async () => {
    since = await captureFixture.now();
    const viewer = await visit("lab-plain");
    await viewer.waitForColour(captureFixture.host.plain.colour);
    await viewer.stop("SIGKILL");
    await captureFixture.waitUntilOver(since);
    expectNothingLearned(await captureFixture.readTraffic(since), inTheClear());
  });

  test("an agent killed in the middle", async () => {
    since = await captureFixture.now();
    const viewer = await visit("lab-plain");
    await viewer.waitForColour(captureFixture.host.plain.colour);
    captureFixture.agent.process.kill("SIGKILL");
    try {
      await captureFixture.waitUntilOver(since);
      await viewer.stop();
      expectNothingLearned(await captureFixture.readTraffic(since), inTheClear());
    } finally {
      await captureFixture.agent.start();
    }
  });
});

describe("the search finds each canary where it is to be found", () => {
  test("at the host: names, new name and software, asked for directly; certificate and ports", async () => {
    const { plain, x11 } = captureFixture.host;
    const direct = await connectRfb(cleanup, {
      port: plain.port,
      host: captureFixture.hostComputer.ownAddress,
    });
    await direct.handshake({ password: VNC_PASSWORD });
    direct.setEncodings(0, DESKTOP_NAME);
    direct.requestUpdate();
    await direct.readUpdate();
    direct.requestUpdate({ incremental: true });
    await plain.display.run("vncconfig", ["-display", plain.display.name, "-set", `desktop=${RENAMED}`]);
    await waitFor("the new name", () => direct.received().includes(RENAMED));
    const names = findCanaries(direct.received(), atHost).join();
    for (const what of ["host name", "user name", "new name"]) expect(names).toContain(what);
    const software = await connectRfb(cleanup, {
      port: x11.port,
      host: captureFixture.hostComputer.ownAddress,
    });
    await software.handshake({ password: VNC_PASSWORD });
    software.setEncodings(0, SERVER_IDENTITY);
    software.requestUpdate();
    await waitFor("its software", () =>
      findCanaries(software.received(), atHost).join().includes("LibVNCServer"),
    );
    const all = await captureFixture.readTraffic({ viewers: 0, host: 0 });
    expect(findCanaries(all.fromVncServer, atHost)).toContain(`certificate (${CERTIFICATE_NAME})`);
    const refused = await connectRfb(cleanup, {
      port: captureFixture.ports.rfb,
      host: captureFixture.viewerComputer.address,
    });
    await expect(refused.handshake({ password: tokens.get("lab-down")! })).rejects.toThrow(RfbRefusal);
    expect(findCanaries(captureFixture.agent.process.output, atHost)).toContain("port (59374)");
  });

  test("at the viewer: what the viewer itself sent, and what a VNC server sees that is reached directly", async () => {
    const all = await captureFixture.readTraffic({ viewers: 0, host: 0 });
    const sent = findCanaries(all.fromViewer, atViewer()).join();
    for (const what of ["login name", "token", "Chrome"]) expect(sent).toContain(what);
    expect(findCanaries(all.mip, atViewer()), "the whole life of the agents").toEqual([]);
    const xvnc = await startXvnc(cleanup, { args: ["-localhost=0", "-Log", "*:stderr:100"] });
    const direct = await WINDOW_VIEWERS[3]!.open(
      {
        ...captureFixture,
        ports: { ...captureFixture.ports, rfb: xvnc.port },
        viewerComputer: captureFixture.viewerComputer,
      } as CaptureFixture,
      cleanup,
      { desktop: "", token: "unneeded", repeaterId },
    );
    const seen = () => findCanaries(xvnc.server.output, atViewer()).join();
    await waitFor("its address", () => seen().includes("address"), { explain: () => xvnc.server.output });
    await direct.stop();
  });

  test("what a person pastes goes through, and would be found", async () => {
    const since = await captureFixture.now();
    const { hostName, userName } = captureFixture.viewerComputer;
    const viewer = await connectRfb(cleanup, {
      port: captureFixture.ports.rfb,
      host: captureFixture.viewerComputer.address,
    });
    await viewer.handshake({ password: tokens.get("lab-plain")! });
    viewer.sendCutText(`${userName}@${hostName}`);
    viewer.requestUpdate();
    await viewer.readUpdate();
    await viewer.stop();
    await captureFixture.waitUntilOver(since);
    const found = async () => {
      const { toVncServer } = await captureFixture.readTraffic(since);
      // What carried it may have been a spare connection, which is older than the session.
      const { mip } = await captureFixture.readTraffic({ viewers: since.viewers, host: 0 });
      return [toVncServer, mip].map((bytes) => findCanaries(bytes, atViewer()).join());
    };
    // The wire at the host may tell a little later than the viewer's.
    const isFound = (text: string) => text.includes("host name") && text.includes("user name");
    await waitFor("the pasted names at the host", async () => (await found()).every(isFound));
  });
});
