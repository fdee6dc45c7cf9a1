import { once } from "node:events";
import { randomBytes } from "node:crypto";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { deriveShippedToken, deriveToken, systemClock } from "../../../protocol/index.ts";
import { openStores } from "../../../proxy/index.ts";
import { Owner } from "../../support/owner.ts";
import { connectRfb } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openGateway, publishDesktop } from "./gateway.ts";
import { awaitNobody, JOB, makeConnect, makeRefusalOf, mip1, TOKEN, WRONG } from "./mip1-steps.ts";
import { ScriptedDesktop } from "./scripted-agent.ts";
import { dialMip1, encodeHandshake, encodeResponse, ScriptedMip1Agent } from "./scripted-mip1-agent.ts";

const owner = new Owner();
afterEach(() => owner.close());
const connect = makeConnect(owner);
const refusalOf = makeRefusalOf(owner);

describe("a MiP 1 agent", () => {
  it.each([
    [TOKEN, null, /^127\.0\.0\.1:\d+$/],
    ["^H`QrVTf", { host: "desk.example.org", port: 443 }, /^desk\.example\.org:443$/],
  ])(
    "serves a viewer that types %s, told to dial the advertised address %j",
    async (token, advertise, dialled) => {
      const { proxy } = await openGateway(owner, { mip1, advertise });
      const agent = await connect(proxy);
      const desktop = new ScriptedDesktop();
      const viewer = await connectRfb(owner, proxy.addresses.rfb!);
      const greeting = viewer.handshake({ password: token });
      const request = await agent.readSetupRequest();
      expect(request.endpoint).toBe("localhost:5900");
      expect(request.proxy).toMatch(dialled);
      await agent.bring(request.ticket, desktop);
      const { name } = await greeting;
      expect(name).toMatch(/^mip1-[0-9a-f]{10}$/);
      expect(desktop.received[0]).toBe(1);
      const [session] = proxy.openSessions();
      expect(session).toMatchObject({ role: "control", method: "token", desktopName: name });
    },
  );

  it.each([0, 1, 2, 3])("may be of identifier type %i", async (type) => {
    const { proxy } = await openGateway(owner, { mip1 });
    await connect(proxy, JOB, type);
    expect(proxy.connectedAgents()).toMatchObject([{ kind: "mip1" }]);
  });

  it("has an identifier of up to 1024 bytes", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    await connect(proxy, "x".repeat(1024));
    expect(proxy.connectedAgents()).toHaveLength(1);
  });

  it.each<[string, Buffer]>([
    ["an identifier of 1025 bytes", encodeHandshake("x".repeat(1025))],
    ["an identifier of 2^31 bytes", Buffer.from([0, 1, 0x80, 0, 0, 0])],
    ["an identifier of 2^32 - 1 bytes", Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xff])],
    ["an empty identifier", encodeHandshake("")],
    ["an identifier that is not UTF-8", encodeHandshake(Buffer.from([0x6a, 0xff, 0x62]))],
    ["identifier type 4", encodeHandshake(JOB, 4)],
    ["a Setup response of status 0", encodeResponse(1, 0)],
    ["a ticket that nobody made", encodeResponse(1, 1)],
    ["a ticket above 65355", encodeResponse(65_356, 1)],
    ["a second Handshake", Buffer.concat([encodeHandshake(JOB), encodeHandshake(JOB)])],
    ["a Setup request", Buffer.concat([encodeHandshake(JOB), Buffer.from([1]), Buffer.alloc(20)])],
  ])("is closed after %s", async (_what, bytes) => {
    const gateway = await openGateway(owner, { mip1 });
    const socket = await dialMip1(gateway.proxy);
    socket.resume();
    socket.write(bytes);
    await once(socket, "close");
    await waitFor("nobody", () => gateway.proxy.connectedAgents().length === 0);
  });

  it("sends its Handshake in pieces as well", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const socket = await dialMip1(proxy, "mip/1");
    for (const byte of encodeHandshake(JOB)) socket.write(Buffer.of(byte));
    await waitFor("the agent", () => proxy.connectedAgents().length === 1);
    socket.destroy();
  });

  it("leaves nothing of its identifier or tokens in log, audit log and lists", async () => {
    const gateway = await openGateway(owner, { mip1 });
    const { proxy } = gateway;
    const agent = await connect(proxy);
    await agent.stop();
    await awaitNobody(proxy);
    const audit = await gateway.audit();
    expect(audit.map(({ event }) => event.action)).toEqual(
      expect.arrayContaining(["agent.connect", "agent.disconnect"]),
    );
    const told = [gateway.log(), audit, await proxy.stores.agents.list(), await proxy.stores.desktops.list()];
    for (const secret of [JOB, "354887", "mig-1", TOKEN, "^H`QrVTf"]) {
      expect(JSON.stringify(told)).not.toContain(JSON.stringify(secret).slice(1, -1));
    }
  });
});

describe("a token of a MiP 1 desktop", () => {
  it("is worth something only while the agent is connected, and again when it returns", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    for (let round = 0; round < 3; round++) {
      const agent = await connect(proxy);
      const refusal = refusalOf(proxy, TOKEN);
      const { ticket } = await agent.readSetupRequest();
      agent.socket.write(encodeResponse(ticket, 0));
      expect(await refusal).toBe("The host cannot open this desktop. Ask its owner whether it runs.");
      await agent.stop();
      await awaitNobody(proxy);
      expect(await refusalOf(proxy, TOKEN)).toBe(WRONG);
    }
  });

  it("stays the same, session and all, when a newer connection of the identifier replaces the older", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const older = await connect(proxy);
    const viewer = await connectRfb(owner, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: TOKEN });
    await older.bring((await older.readSetupRequest()).ticket, new ScriptedDesktop());
    await greeting;
    const tokens = await proxy.stores.tokens.list();
    const newer = await connect(proxy);
    await older.reader.readToEnd();
    expect(await proxy.stores.tokens.list()).toEqual(tokens);
    expect(proxy.openSessions()).toHaveLength(1);
    const second = await connectRfb(owner, proxy.addresses.rfb!);
    const again = second.handshake({ password: TOKEN });
    await newer.bring((await newer.readSetupRequest()).ticket, new ScriptedDesktop());
    expect((await again).name).toMatch(/^mip1-/);
  });

  it("survives a server that was killed without its agent's goodbye", async () => {
    const dataDir = await owner.makeFolder();
    const database = `sqlite:${path.join(dataDir, "postern.db")}`;
    const stores = await openStores({ database, masterKey: randomBytes(32) }, systemClock);
    owner.own({ stop: () => stores.close() });
    const first = await openGateway(owner, { mip1, dataDir, stores });
    await connect(first.proxy);
    // A second life on the same state, while the first has given nothing up.
    const second = await openGateway(owner, { mip1, dataDir, stores });
    expect(second.proxy.serverId).toBe(first.proxy.serverId);
    expect(await refusalOf(second.proxy, TOKEN)).toMatch(/^The host of this desktop is not connected/);
    const agent = owner.own(await ScriptedMip1Agent.connect(second.proxy, JOB));
    await waitFor("the agent", () => second.proxy.connectedAgents().length === 1);
    const viewer = await connectRfb(owner, second.proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: TOKEN });
    await agent.bring((await agent.readSetupRequest()).ticket, new ScriptedDesktop());
    expect((await greeting).name).toMatch(/^mip1-/);
  });

  it("is refused where another desktop has the same one", async () => {
    const gateway = await openGateway(owner, { mip1 });
    const { proxy } = gateway;
    const { view } = await publishDesktop(owner, gateway);
    await connect(proxy);
    await proxy.stores.tokens.create({
      desktopId: view.id,
      token: TOKEN,
      role: "control",
      createdBy: "admin",
      expiresAt: Date.now() + 60_000,
    });
    // A miss makes the server read what it has not made itself.
    expect(await refusalOf(proxy, "wrongone")).toBe(WRONG);
    expect(await refusalOf(proxy, TOKEN)).toBe("This token fits more than one desktop. Ask for a new one.");
  });

  it("is derived in both ways from any identifier", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const agent = await connect(proxy, "job-æøå");
    for (const token of [deriveToken("job-æøå"), deriveShippedToken("job-æøå")]) {
      const refusal = refusalOf(proxy, token);
      agent.socket.write(encodeResponse((await agent.readSetupRequest()).ticket, 0));
      expect(await refusal).toMatch(/^The host cannot open/);
    }
  });
});

describe("MiP 1's data connections", () => {
  it("work once: a replayed ticket is refused, and the session goes on", async () => {
    const gateway = await openGateway(owner, { mip1 });
    const { proxy } = gateway;
    const agent = await connect(proxy);
    const viewer = await connectRfb(owner, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: TOKEN });
    const { ticket } = await agent.readSetupRequest();
    await agent.bring(ticket, new ScriptedDesktop());
    await greeting;
    const replayed = await dialMip1(proxy);
    replayed.resume();
    replayed.write(encodeResponse(ticket, 1));
    await once(replayed, "close");
    expect(proxy.openSessions()).toHaveLength(1);
    expect(gateway.log()).toContain("TICKET_INVALID");
  });

  it("are not refused in the name of the agent that was asked", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const agent = await connect(proxy);
    const other = await connect(proxy, "another job");
    const viewer = await connectRfb(owner, proxy.addresses.rfb!);
    const greeting = viewer.handshake({ password: TOKEN });
    const { ticket } = await agent.readSetupRequest();
    other.socket.write(encodeResponse(ticket, 0));
    await agent.bring(ticket, new ScriptedDesktop());
    expect((await greeting).name).toMatch(/^mip1-/);
  });

  it("of a VNC server that wants a password, or speaks no RFB, are refused with a reason for the viewer", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const agent = await connect(proxy);
    for (const words of ["RFB 003.008\n\u0001\u0002" + "c".repeat(16), "220 mail.example.org ESMTP\r\n"]) {
      const refusal = refusalOf(proxy, TOKEN);
      const data = await dialMip1(proxy);
      data.resume();
      data.write(encodeResponse((await agent.readSetupRequest()).ticket, 1));
      data.write(words);
      expect(await refusal).toBe("The host cannot open this desktop. Ask its owner whether it runs.");
      await once(data, "close");
    }
  });

  it("end with the control connection that was asked for them", async () => {
    const { proxy } = await openGateway(owner, { mip1 });
    const agent = await connect(proxy);
    const refusal = refusalOf(proxy, TOKEN);
    await agent.readSetupRequest();
    await agent.stop();
    expect(await refusal).toMatch(/^The host of this desktop is not connected/);
  });
});
