import { expect, test, vi } from "vitest";
import type { ImageSummary } from "../../../../../protocol/index.ts";
import type { SessionRecord } from "../../../../../proxy/index.ts";
import { MEMTEST, openWebFixture } from "../../../../support/web-fixture.ts";

const API = "/api/v1";

test("a join secret comes with the fingerprint and is audited without its value", async () => {
  const { ask, signIn, proxy, adminId } = await openWebFixture();
  const answer = await ask("POST", `${API}/join-secrets`, { as: await signIn("admin") });
  const body = { secret: "join-secret", fingerprint: proxy.fingerprint, expiresAt: 3_600_000 };
  expect(answer).toMatchObject({ status: 201, body });
  expect(proxy.audited.at(-1)).toMatchObject({ action: "join.create", actor: adminId });
  expect(JSON.stringify(proxy.audited)).not.toContain("join-secret");
});

test("a join secret is for an agent, or for a host that waits or not; only a host is let in", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const as = await signIn("admin");
  const make = (body?: object) => ask("POST", `${API}/join-secrets`, { as, ...(body && { body }) });
  for (const [body, grant] of [
    [undefined, { role: "agent", admit: false }],
    [{ role: "host" }, { role: "host", admit: false }],
    [
      { role: "host", admit: true },
      { role: "host", admit: true },
    ],
  ] as const) {
    expect(await make(body)).toMatchObject({ status: 201, body: grant });
    expect(proxy.grants.at(-1)).toEqual(grant);
    expect(proxy.audited.at(-1)).toMatchObject({ action: "join.create", role: grant.role });
    expect(proxy.audited.at(-1)?.reason).toBe(grant.admit ? "ADMITTED" : undefined);
  }
  expect(await make({ admit: true })).toMatchObject({
    status: 400,
    body: { error: { code: "INPUT_INVALID" } },
  });
  expect(await make({ role: "mip1" })).toMatchObject({ status: 400 });
  expect(proxy.grants).toHaveLength(3);
});

test("a host that waits is shown as such, asked nothing, offers no image and takes no machine until it is let in", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const [admin, anna] = [await signIn("admin"), await signIn("anna")];
  await proxy.stores.agents.add({ id: "h1", name: "rack-1", kind: "host", publicKey: "k" });
  await proxy.stores.agents.claim("h1", "server-1", "host");
  proxy.connectHost("h1", {}, false);
  const waits = { id: "h1", admitted: false, state: "online", facts: null };
  expect((await ask("GET", `${API}/hosts`, { as: admin })).body).toMatchObject([waits]);
  expect((await ask("GET", `${API}/agents`, { as: admin })).body).toMatchObject([
    { kind: "host", admitted: false },
  ]);
  expect((await ask("GET", `${API}/images`, { as: anna })).body).toEqual([]);
  const order = await ask("POST", `${API}/machines`, { as: anna, body: { image: "memtest" } });
  expect(order).toMatchObject({ status: 201, body: { state: "queued" } });
  const { id } = order.body as { id: string };
  await expect.poll(async () => (await proxy.stores.machines.find(id))?.reason).not.toBeNull();
  expect(await proxy.stores.machines.find(id)).toMatchObject({ agentId: null, tried: [] });
  expect(proxy.asked).toEqual([]);
  expect((await ask("POST", `${API}/agents/h1/role`, { as: anna, body: { role: "host" } })).status).toBe(403);
  const letIn = await ask("POST", `${API}/agents/h1/role`, { as: admin, body: { role: "host" } });
  expect(letIn).toMatchObject({ status: 200, body: { id: "h1", admitted: true } });
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "agent.role",
    agentId: "h1",
    role: "host",
    actorName: "admin",
  });
  const back = await ask("POST", `${API}/agents/h1/role`, { as: admin, body: { role: "agent" } });
  expect(back).toMatchObject({ status: 200, body: { kind: "agent", admitted: false } });
  expect((await ask("POST", `${API}/agents/h1/role`, { as: admin, body: { role: "mip1" } })).status).toBe(
    400,
  );
});

test("agents are online, offline or revoked", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const { agents } = proxy.stores;
  for (const id of ["on", "off", "gone"]) await agents.add({ id, name: id, kind: "agent", publicKey: id });
  await agents.claim("on", "server-1", "agent");
  await agents.revoke("gone");
  const { body } = await ask("GET", `${API}/agents`, { as: await signIn("admin") });
  const states = Object.fromEntries(
    (body as { id: string; state: string }[]).map(({ id, state }) => [id, state]),
  );
  expect(states).toEqual({ on: "online", off: "offline", gone: "revoked" });
});

test("sessions: newest first, by state, open ones with the counters of the moment", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const about = {
    desktopId: "d1",
    desktopName: "desk",
    agentId: "a1",
    serverId: "server-1",
    method: "token",
    transport: "rfb",
    role: "control",
    subject: "t1",
    sourceAddress: "192.0.2.9",
  } as const;
  for (const [id, startedAt] of [
    ["s1", 1],
    ["s2", 2],
  ] as const)
    await proxy.stores.sessions.open({ ...about, id, startedAt });
  const end = { cause: "VIEWER_CLOSED", bytesToViewer: 5, bytesToServer: 6, endedAt: 9 };
  await proxy.stores.sessions.close("s1", end);
  const live: SessionRecord = {
    ...about,
    id: "s2",
    startedAt: 2,
    denied: [],
    state: "open",
    endedAt: null,
    cause: null,
    bytesToViewer: 1000,
    bytesToServer: 10,
  };
  proxy.sessions = [live];
  const as = await signIn("admin");
  const list = async (query: string) => (await ask("GET", `${API}/sessions${query}`, { as })).body;
  expect(await list("")).toMatchObject([
    { id: "s2", name: "desk", state: "open", source: "192.0.2.9", bytesToViewer: 1000 },
    { id: "s1", state: "closed", cause: "VIEWER_CLOSED", bytesToViewer: 5 },
  ]);
  expect(await list("?state=closed")).toMatchObject([{ id: "s1" }]);
  expect(await list("?limit=1")).toMatchObject([{ id: "s2" }]);
  expect(await list("?limit=1&after=s2")).toMatchObject([{ id: "s1" }]);
  expect(await list("?after=s1")).toEqual([]);
  expect(await list("?after=nowhere")).toMatchObject({ error: { code: "SESSION_UNKNOWN" } });
  for (const query of ["?state=odd", "?limit=0", "?limit=x"])
    expect(await list(query)).toMatchObject({ error: { code: "INPUT_INVALID" } });
});

test("sessions say who: the person at the browser, or whose token it was", async () => {
  const { ask, signIn, proxy, annaId, adminId } = await openWebFixture();
  const { agents, desktops, sessions, tokens, users } = proxy.stores;
  await agents.add({ id: "a1", name: "a1", kind: "agent", publicKey: "k" });
  const { id: desktopId } = await desktops.publish("a1", "desk", null);
  const right = { desktopId, token: "abcd2345", role: "view", expiresAt: 2 ** 42 } as const;
  const token = await tokens.create({ ...right, createdBy: annaId });
  const about = {
    desktopId,
    desktopName: "desk",
    agentId: "a1",
    serverId: "server-1",
    role: "view",
  } as const;
  const how = { transport: "rfb", sourceAddress: "192.0.2.9" } as const;
  for (const [id, method, subject] of [
    ["s1", "ticket", adminId],
    ["s2", "token", token.id],
    ["s3", "token", "gone"],
  ] as const)
    await sessions.open({ ...about, ...how, id, method, subject, startedAt: 1 });
  const as = await signIn("admin");
  const who = async () => {
    const { body } = await ask("GET", `${API}/sessions`, { as });
    const rows = body as { id: string; person: string | null }[];
    return Object.fromEntries(rows.map(({ id, person }) => [id, person]));
  };
  expect(await who()).toEqual({ s1: "admin", s2: "anna", s3: null });
  await users.remove(annaId);
  expect(await who()).toMatchObject({ s2: null });
});

test("administrators end open sessions", async () => {
  const { ask, signIn, proxy, adminId } = await openWebFixture();
  await proxy.stores.sessions.open({
    id: "s1",
    desktopId: "d1",
    desktopName: "desk",
    agentId: "a1",
    serverId: "server-2",
    method: "token",
    transport: "rfb",
    role: "control",
    subject: "t1",
    sourceAddress: "192.0.2.9",
    startedAt: 1,
  });
  const end = async (id: string, name: string) =>
    ask("DELETE", `${API}/sessions/${id}`, { as: await signIn(name) });
  expect(await end("s1", "anna")).toMatchObject({ status: 403, body: { error: { code: "ADMIN_REQUIRED" } } });
  expect((await end("s1", "admin")).status).toBe(204);
  expect(proxy.audited.at(-1)).toMatchObject({
    action: "session.terminate",
    actor: adminId,
    sessionId: "s1",
  });
  expect(await proxy.stores.sessions.listValidity("server-2")).toMatchObject([
    { orderedEnd: "SESSION_ENDED" },
  ]);
  expect(await end("none", "admin")).toMatchObject({
    status: 404,
    body: { error: { code: "SESSION_UNKNOWN" } },
  });
});

test("the service tells where it is", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const { body } = await ask("GET", `${API}/service`, { as: await signIn("anna") });
  const { fingerprint, viewerFingerprint } = proxy;
  expect(body).toEqual({ fingerprint, viewerFingerprint, ...proxy.advertised, joinCommand: null });
});

test("images of all hosts are merged: available where one host has it, asked once per host", async () => {
  const { ask, signIn, proxy } = await openWebFixture();
  const image = {
    id: "debian",
    title: "Debian",
    description: "",
    memoryMb: { default: 1, min: 1 },
    cpus: { default: 1, min: 1 },
  };
  proxy.connectHost("h1", { "image.list": () => [{ ...image, available: false, reason: "missing" }] });
  proxy.connectHost("h2", { "image.list": () => [{ ...image, available: true }] });
  const as = await signIn("anna");
  for (let n = 0; n < 2; n += 1)
    expect((await ask("GET", `${API}/images`, { as })).body).toEqual([{ ...image, available: true }]);
  expect(proxy.count("h1", "image.list")).toBe(1);
  proxy.emit("image.changed", { agentId: "h1" });
  await ask("GET", `${API}/images`, { as });
  expect(proxy.count("h1", "image.list")).toBe(2);
});

test("X3: a host that does not answer holds up nobody's images for long, and those after it not at all", async () => {
  const { proxy, clock, ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  const ids = async (): Promise<unknown> => {
    const { body } = await ask("GET", `${API}/images`, { as });
    return (body as { id: string }[]).map(({ id }) => id);
  };
  proxy.connectHost("h1", { "image.list": () => [MEMTEST] });
  let answer: (images: ImageSummary[]) => void = () => undefined;
  const mute = { "image.list": () => new Promise<ImageSummary[]>((resolve) => (answer = resolve)) };
  for (const id of ["h0", "h2", "h3"]) proxy.connectHost(id, mute);
  let first: unknown = null;
  void ids().then((found) => (first = found));
  await vi.waitFor(() => {
    expect(proxy.count("h3", "image.list")).toBe(1);
  });
  expect(first).toBeNull();
  clock.advance(3_000);
  await vi.waitFor(() => {
    expect(first).toEqual([MEMTEST.id]);
  });
  // The clock stands still: nobody waits for them again.
  expect(await ids()).toEqual([MEMTEST.id]);
  proxy.emit("image.changed", { agentId: "h3" });
  expect(await ids()).toEqual([MEMTEST.id]);
  answer([{ ...MEMTEST, id: "late", title: "Zuletzt" }]);
  expect(await ids()).toEqual([MEMTEST.id, "late"]);
});

test("X3: a host whose list cannot be read is asked again after a while, and not by each request", async () => {
  const { proxy, clock, ask, signIn } = await openWebFixture();
  const as = await signIn("anna");
  proxy.connectHost("h1", {
    "image.list": () => {
      throw new Error("no list");
    },
  });
  for (let n = 0; n < 3; n += 1) expect((await ask("GET", `${API}/images`, { as })).body).toEqual([]);
  expect(proxy.count("h1", "image.list")).toBe(1);
  clock.advance(3_000);
  await ask("GET", `${API}/images`, { as });
  expect(proxy.count("h1", "image.list")).toBe(2);
  proxy.emit("agent.changed", { agentId: "h1" });
  await ask("GET", `${API}/images`, { as });
  expect(proxy.count("h1", "image.list")).toBe(3);
});
