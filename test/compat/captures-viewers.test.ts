// What viewers, VNC servers and agents are told is captured on every cable, opened, and searched for who the others are.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CERTIFICATE_NAME, VNC_PASSWORD } from "../support/capture-host.ts";
import { CaptureLab, type Moment, type Overheard } from "../support/capture-lab.ts";
import { noVnc, startBrowserThere } from "../support/capture-novnc.ts";
import { rsaAesViewer } from "../support/capture-rsa-aes.ts";
import { type Canary, findCanaries } from "../support/capture-search.ts";
import {
  LOGIN_NAME,
  type OpenViewer,
  SNAPSHOT,
  type ViewerKind,
  WINDOWED,
} from "../support/capture-viewers.ts";
import { Owner } from "../support/owner.ts";
import { type PosternProgram, startAgent } from "../support/postern.ts";
import { connectRfb, Refusal } from "../support/rfb-client.ts";
import { waitFor } from "../support/wait-for.ts";
import { startXvnc } from "../support/xvnc.ts";

const RENAMED = "hcanary-renamed";
const SERVER_IDENTITY = 0xfffe0003 | 0;
const DESKTOP_NAME = -307;

const owner = new Owner();
let lab: CaptureLab;
let browser: Browser;
let away: PosternProgram;
let atHost: Canary[];
let expired: string;
const tokens = new Map<string, string>();
let repeaterId: string;

beforeAll(async () => {
  lab = await CaptureLab.open(owner);
  browser = await startBrowserThere(lab, owner);
  const { server, host, hostPlace, viewerPlace, ports } = lab;
  away = await startAgent(owner, server, {
    desktops: { "lab-away": `tcp:127.0.0.1:${host.plain.port}` },
    proxy: `${viewerPlace.address}:${ports.listen}`,
    via: hostPlace.as,
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
    { what: "address", text: hostPlace.own, kind: "address" },
    ...[59371, 59372, 59373, 59374].map(
      (port) => ({ what: "port", text: String(port), kind: "number" }) as const,
    ),
    { what: "VNC password", text: VNC_PASSWORD },
  ];
});
afterAll(() => owner.close());

function atViewer(): Canary[] {
  const { hostName, userName } = lab.viewerPlace;
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
function expectNothingLearned(overheard: Overheard, inTheClear: Buffer): void {
  expect(findCanaries(overheard.toViewer, atHost), "what the viewer was told").toEqual([]);
  expect(findCanaries(inTheClear, atHost), "what the viewer was told, decrypted by itself").toEqual([]);
  expect(findCanaries(overheard.toVncServer, atViewer()), "what the VNC server was told").toEqual([]);
  expect(findCanaries(overheard.mip, atViewer()), "what the agent was told").toEqual([]);
  for (const { process } of [lab.host.plain, lab.host.tls, lab.host.x11])
    expect(findCanaries(process.output, atViewer()), "what the VNC server wrote down").toEqual([]);
  expect(findCanaries(lab.agent.process.output, atViewer()), "what the agent wrote down").toEqual([]);
}

const KINDS: readonly ViewerKind[] = [
  ...WINDOWED,
  SNAPSHOT,
  noVnc("noVNC in Chromium, a token by VncAuth", () => browser, 2),
  noVnc("noVNC in Chromium, a token by RA2ne", () => browser, 6),
  noVnc("noVNC in Chromium, a ticket", () => browser, "ticket"),
  rsaAesViewer(5),
  rsaAesViewer(129),
];

describe.each(KINDS.map((kind, index) => ({ name: kind.name, kind, index })))("$name", ({ kind, index }) => {
  let since: Moment;
  const heard: (() => Buffer)[] = [];

  async function visit(desktop: string, token = tokens.get(desktop)!): Promise<OpenViewer> {
    const viewer = await kind.open(lab, owner, { desktop, token, repeaterId });
    if (viewer.heard) heard.push(viewer.heard);
    return viewer;
  }

  const inTheClear = (): Buffer => Buffer.concat(heard.map((read) => read()));

  beforeAll(async () => {
    await lab.viewerPlace.move(addressOf(index), lab.viewerPlace.address);
  });

  test("visits that go well, a rename among them", async () => {
    since = await lab.now();
    const { plain, tls, x11 } = lab.host;
    for (const { name, colour } of kind.name.includes("repeater") ? [plain] : [plain, tls, x11]) {
      const viewer = await visit(name);
      await viewer.shows(colour);
      if (name === plain.name && kind.stays) {
        const { display } = plain;
        await display.run("vncconfig", ["-display", display.name, "-set", `desktop=${RENAMED}`]);
        await display.paintRoot([0x10, 0x90, 0x90]);
        await viewer.shows([0x10, 0x90, 0x90]);
        await display.paintRoot(colour);
        const title = `${lab.hostPlace.hostName}:1 (${lab.hostPlace.userName})`;
        await display.run("vncconfig", ["-display", display.name, "-set", `desktop=${title}`]);
      }
      await viewer.stop();
    }
    await lab.waitUntilOver(since);
    const overheard = await lab.overhear(since);
    expectNothingLearned(overheard, inTheClear());
    // It was all there: what a viewer may see, what the server at the host says of itself, and what the agent was asked.
    expect(Buffer.concat([overheard.toViewer, inTheClear()]).includes("lab-plain")).toBe(true);
    expect(findCanaries(overheard.fromVncServer, atHost)).toContain(`host name (${lab.hostPlace.hostName})`);
    expect(overheard.mip.includes("lab-plain")).toBe(true);
    expect(overheard.toVncServer.length).toBeGreaterThan(40);
    const name = Buffer.alloc(4);
    name.writeInt32BE(DESKTOP_NAME);
    if (inTheClear().length === 0) expect(overheard.fromViewer.includes(name)).toBe(kind.asksForNames);
  });

  test("refusals", async () => {
    const cases: [string, string, string | undefined][] = [
      ["TOKEN_WRONG", "lab-plain", "wr0ngt0k"],
      ["TOKEN_WRONG", "lab-plain", expired],
      ["DESKTOP_UNREACHABLE", "lab-down", undefined],
      ["DESKTOP_UNREACHABLE", "lab-locked", undefined],
      ["HOST_OFFLINE", "lab-away", undefined],
    ];
    for (const [reason, desktop, token] of cases) {
      if (kind.name.includes("ticket") && reason === "TOKEN_WRONG") continue;
      if (kind.name.includes("repeater") && desktop !== "lab-plain") continue;
      since = await lab.now();
      const before = (await lab.listReasons()).length;
      const viewer = await visit(desktop, token);
      await waitFor(`${reason} for ${desktop}`, async () =>
        (await lab.listReasons()).slice(before).includes(reason),
      );
      await viewer.stop();
      await lab.waitUntilOver(since);
      expectNothingLearned(await lab.overhear(since), inTheClear());
    }
  });

  test.runIf(kind.stays)("a viewer killed in the middle", async () => {
    since = await lab.now();
    const viewer = await visit("lab-plain");
    await viewer.shows(lab.host.plain.colour);
    await viewer.stop("SIGKILL");
    await lab.waitUntilOver(since);
    expectNothingLearned(await lab.overhear(since), inTheClear());
  });

  test.runIf(kind.stays)("an agent killed in the middle", async () => {
    since = await lab.now();
    const viewer = await visit("lab-plain");
    await viewer.shows(lab.host.plain.colour);
    lab.agent.process.kill("SIGKILL");
    try {
      await lab.waitUntilOver(since);
      await viewer.stop();
      expectNothingLearned(await lab.overhear(since), inTheClear());
    } finally {
      await lab.agent.start();
    }
  });
});

describe("the search finds each canary where it is to be found", () => {
  test("at the host: names, new name and software, asked for directly; certificate and ports", async () => {
    const { plain, x11 } = lab.host;
    const direct = await connectRfb(owner, { port: plain.port, host: lab.hostPlace.own });
    await direct.handshake({ password: VNC_PASSWORD });
    direct.setEncodings(0, DESKTOP_NAME);
    direct.requestUpdate();
    await direct.readUpdate();
    direct.requestUpdate({ incremental: true });
    await plain.display.run("vncconfig", ["-display", plain.display.name, "-set", `desktop=${RENAMED}`]);
    await waitFor("the new name", () => direct.received().includes(RENAMED));
    const names = findCanaries(direct.received(), atHost).join();
    for (const what of ["host name", "user name", "new name"]) expect(names).toContain(what);
    const software = await connectRfb(owner, { port: x11.port, host: lab.hostPlace.own });
    await software.handshake({ password: VNC_PASSWORD });
    software.setEncodings(0, SERVER_IDENTITY);
    software.requestUpdate();
    await waitFor("its software", () =>
      findCanaries(software.received(), atHost).join().includes("LibVNCServer"),
    );
    const all = await lab.overhear({ viewers: 0, host: 0 });
    expect(findCanaries(all.fromVncServer, atHost)).toContain(`certificate (${CERTIFICATE_NAME})`);
    const refused = await connectRfb(owner, { port: lab.ports.rfb, host: lab.viewerPlace.address });
    await expect(refused.handshake({ password: tokens.get("lab-down")! })).rejects.toThrow(Refusal);
    expect(findCanaries(lab.agent.process.output, atHost)).toContain("port (59374)");
  });

  test("at the viewer: what the viewer itself sent, and what a VNC server sees that is reached directly", async () => {
    const all = await lab.overhear({ viewers: 0, host: 0 });
    const sent = findCanaries(all.fromViewer, atViewer()).join();
    for (const what of ["login name", "token", "Chrome"]) expect(sent).toContain(what);
    expect(findCanaries(all.mip, atViewer()), "the whole life of the agents").toEqual([]);
    const xvnc = await startXvnc(owner, { args: ["-localhost=0", "-Log", "*:stderr:100"] });
    const direct = await WINDOWED[3]!.open(
      { ...lab, ports: { ...lab.ports, rfb: xvnc.port }, viewerPlace: lab.viewerPlace } as CaptureLab,
      owner,
      { desktop: "", token: "unneeded", repeaterId },
    );
    const seen = () => findCanaries(xvnc.server.output, atViewer()).join();
    await waitFor("its address", () => seen().includes("address"), { explain: () => xvnc.server.output });
    await direct.stop();
  });

  test("what a person pastes goes through, and would be found", async () => {
    const since = await lab.now();
    const { hostName, userName } = lab.viewerPlace;
    const viewer = await connectRfb(owner, { port: lab.ports.rfb, host: lab.viewerPlace.address });
    await viewer.handshake({ password: tokens.get("lab-plain")! });
    viewer.sendCutText(`${userName}@${hostName}`);
    viewer.requestUpdate();
    await viewer.readUpdate();
    await viewer.stop();
    await lab.waitUntilOver(since);
    const { toVncServer, mip } = await lab.overhear(since);
    for (const bytes of [toVncServer, mip]) {
      const found = findCanaries(bytes, atViewer()).join();
      expect(found).toContain("host name");
      expect(found).toContain("user name");
    }
  });
});
