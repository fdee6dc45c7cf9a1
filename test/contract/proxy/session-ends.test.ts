import { afterEach, describe, expect, it } from "vitest";
import type { IssuedToken, Proxy } from "../../../proxy/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfb, connectRfbOverWebSocket, type RfbClient } from "../../support/rfb-client.ts";
import { waitFor } from "../../support/wait-for.ts";
import {
  awaitNoSessions,
  type ProxyFixture,
  openProxyFixture,
  publishDesktop,
  type PublishingAgent,
} from "./proxy-fixture.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** What must hold is 5 s; three times that fails the test. */
const BOUND_MS = 5_000;

async function watchEnd(viewer: RfbClient, proxyFixture: ProxyFixture, act: () => Promise<unknown>) {
  const began = performance.now();
  await act();
  await viewer.reader.readToEnd();
  const took = performance.now() - began;
  await awaitNoSessions(proxyFixture);
  const [record] = await proxyFixture.proxy.stores.sessions.list();
  expect(took, `took ${Math.round(took)} ms`).toBeLessThan(3 * BOUND_MS);
  return { cause: record!.cause, took };
}

async function enterByToken(proxyFixture: ProxyFixture, { view }: PublishingAgent, ttlSeconds = 60) {
  const token = await proxyFixture.proxy.createToken(view, "control", ttlSeconds, "admin");
  const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
  await viewer.handshake({ password: token.token });
  return { token, viewer };
}

/** A second server on the same database: what it does reaches the first by the database alone. */
async function openOther(proxyFixture: ProxyFixture): Promise<Proxy> {
  const dataDir = await cleanup.makeFolder();
  return (await openProxyFixture(cleanup, { stores: proxyFixture.proxy.stores, dataDir })).proxy;
}

type Act = (proxy: Proxy, token: IssuedToken, publisher: PublishingAgent) => Promise<unknown>;
const ACTS: [string, Act, string][] = [
  ["its token is revoked", (proxy, { id }) => proxy.stores.tokens.revoke(id), "TOKEN_REVOKED"],
  [
    "its token's role changes",
    (proxy, { id }) => proxy.stores.tokens.change(id, { role: "view" }),
    "TOKEN_CHANGED",
  ],
  [
    "its token is denied more",
    (proxy, { id }) => proxy.stores.tokens.change(id, { denied: ["audio"] }),
    "TOKEN_CHANGED",
  ],
  [
    "its desktop is removed",
    (proxy, { desktopId }) => proxy.stores.desktops.remove(desktopId),
    "DESKTOP_GONE",
  ],
  [
    "its agent is revoked",
    (proxy, _token, { agent }) => proxy.stores.agents.revoke(agent.key.agentId),
    "AGENT_REVOKED",
  ],
];

describe("an open session ends, and says why", () => {
  it.each(ACTS)("at once on this server when %s", async (_name, act, cause) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const publisher = await publishDesktop(cleanup, proxyFixture);
    const { token, viewer } = await enterByToken(proxyFixture, publisher);
    const { proxy } = proxyFixture;
    const end = await watchEnd(viewer, proxyFixture, async () => {
      await act(proxy, token, publisher);
      await proxy.checkSessions();
    });
    expect(end.cause).toBe(cause);
    await waitFor("the desktop's end", () => publisher.desktop.ended);
  });

  it.each(ACTS)("within seconds when elsewhere %s", async (_name, act, cause) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const publisher = await publishDesktop(cleanup, proxyFixture);
    const { token, viewer } = await enterByToken(proxyFixture, publisher);
    const other = await openOther(proxyFixture);
    const { cause: found } = await watchEnd(viewer, proxyFixture, () => act(other, token, publisher));
    expect(found).toBe(cause);
  });

  it("within seconds when an administrator of another server ends it", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { viewer } = await enterByToken(proxyFixture, await publishDesktop(cleanup, proxyFixture));
    const other = await openOther(proxyFixture);
    const { id } = proxyFixture.proxy.openSessions()[0]!;
    const { cause } = await watchEnd(viewer, proxyFixture, async () => {
      expect(await other.endSession(id)).toBe(true);
    });
    expect(cause).toBe("SESSION_ENDED");
    expect(await other.endSession(id)).toBe(false);
  });

  it("when its token expires, though the viewer never reads", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const publisher = await publishDesktop(cleanup, proxyFixture);
    publisher.desktop.greeting = Buffer.alloc(50_000_000, 2);
    const { token } = await proxyFixture.proxy.createToken(publisher.view, "view", 1, "admin");
    const viewer = await connectRfb(cleanup, proxyFixture.proxy.addresses.rfb!);
    await viewer.handshake({ password: token });
    await awaitNoSessions(proxyFixture);
    const [record] = await proxyFixture.proxy.stores.sessions.list();
    expect(record).toMatchObject({ cause: "TOKEN_EXPIRED" });
    await proxyFixture.proxy.close();
    const ended = (await proxyFixture.audit()).filter(({ event }) => event.action === "session.end");
    expect(ended).toMatchObject([{ event: { reason: "TOKEN_EXPIRED" } }]);
  });

  it.each(["disable", "remove"] as const)("when its ticket's account is gone (%s)", async (how) => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const user = await proxy.stores.users.add({ name: "anna", role: "operator", passwordHash: "" });
    const { url, protocols } = await proxy.createTicket(view, "control", user.id);
    const unused = await proxy.createTicket(view, "control", user.id);
    const viewer = await connectRfbOverWebSocket(cleanup, url, protocols);
    await viewer.handshake();
    const { cause } = await watchEnd(viewer, proxyFixture, () => proxy.stores.users[how](user.id));
    expect(cause).toBe("USER_REMOVED");
    const late = await connectRfbOverWebSocket(cleanup, unused.url, unused.protocols);
    await expect(late.handshake()).rejects.toThrow("Open the desktop again");
  });

  it("when the right of whoever made its token or ticket is taken away, here and elsewhere", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const { proxy } = proxyFixture;
    const { grants, users, groups } = proxy.stores;
    const { view } = await publishDesktop(cleanup, proxyFixture);
    const { id: userId } = await users.add({ name: "anna", role: "user", passwordHash: "" });
    const { id: groupId } = await groups.add({ name: "readers" });
    const about = { target: "desktop", pattern: "Machine *", createdBy: "admin" } as const;
    const { token } = await proxy.createToken(view, "control", 60, userId);
    const enter = async () => {
      const viewer = await connectRfb(cleanup, proxy.addresses.rfb!);
      await viewer.handshake({ password: token });
      return viewer;
    };
    await expect(enter()).rejects.toThrow("Your right to this desktop has ended");
    await grants.add({ ...about, holder: { userId }, may: "view" });
    await grants.add({ ...about, holder: { groupId }, may: "control" });
    await groups.addMember(groupId, userId);
    await proxy.checkSessions();
    const first = await enter();
    const atOnce = await watchEnd(first, proxyFixture, async () => {
      await groups.removeMember(groupId, userId);
      await proxy.checkSessions();
    });
    expect(atOnce.cause).toBe("RIGHT_ENDED");
    // A scripted desktop speaks with one viewer.
    const { view: another } = await publishDesktop(cleanup, proxyFixture, "Machine 2");
    const unused = await proxy.createTicket(another, "control", userId);
    const used = await proxy.createTicket(another, "view", userId);
    const refused = await connectRfbOverWebSocket(cleanup, unused.url, unused.protocols);
    await expect(refused.handshake()).rejects.toThrow("Your right to this desktop has ended");
    const second = await connectRfbOverWebSocket(cleanup, used.url, used.protocols);
    await second.handshake();
    const other = await openOther(proxyFixture);
    const elsewhere = await watchEnd(second, proxyFixture, () =>
      other.stores.grants
        .add({ ...about, holder: { groupId }, may: "none" })
        .then(() => other.stores.groups.addMember(groupId, userId)),
    );
    expect(elsewhere.cause).toBe("RIGHT_ENDED");
  });

  it("and nothing of it passes any more, though both sides go on talking", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const publisher = await publishDesktop(cleanup, proxyFixture);
    const { token, viewer } = await enterByToken(proxyFixture, publisher);
    await proxyFixture.proxy.stores.tokens.revoke(token.id);
    await proxyFixture.proxy.checkSessions();
    const before = publisher.desktop.received.length;
    for (let count = 0; count < 50; count += 1) viewer.pressKey(0x61);
    await awaitNoSessions(proxyFixture);
    await viewer.reader.readToEnd();
    expect(publisher.desktop.received.length).toBe(before);
  });
});

describe("a session goes on", () => {
  it("while nothing of it changes, and other tokens do", async () => {
    const proxyFixture = await openProxyFixture(cleanup);
    const publisher = await publishDesktop(cleanup, proxyFixture);
    const { viewer } = await enterByToken(proxyFixture, publisher);
    const other = await enterByToken(proxyFixture, await publishDesktop(cleanup, proxyFixture, "Machine 2"));
    await proxyFixture.proxy.stores.tokens.revoke(other.token.id);
    await proxyFixture.proxy.checkSessions();
    await other.viewer.reader.readToEnd();
    await waitFor("the end of one session", () => proxyFixture.proxy.openSessions().length === 1);
    const before = publisher.desktop.received.length;
    viewer.pressKey(0x61);
    await waitFor("the key", () => publisher.desktop.received.length > before);
  });
});
