import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../protocol/index.ts";
import type { Stores } from "../../../proxy/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { connectRfbOverWebSocket, type RfbClient } from "../../support/rfb-client.ts";
import { awaitNoSessions, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { describeDatabases } from "./state/databases.ts";
import { waitFor } from "../../support/wait-for.ts";
import { makeLogin } from "../../support/make-login.ts";

/** What must hold is 5 s; three times that fails the test. */
const BOUND_MS = 15_000;
const LOGIN = "a".repeat(64);

describeDatabases("a session that a login opened", (makeDatabase) => {
  const cleanup = new CleanupStack();
  afterEach(() => cleanup.close());

  /** Two servers, each with its own connection to the one database; the viewer is at the first. */
  async function open(loginSeconds = 3600) {
    const database = await makeDatabase();
    cleanup.add({ stop: () => database.close() });
    const [here, elsewhere] = [await database.open(), await database.open()];
    const proxyFixture = await openProxyFixture(cleanup, { stores: here });
    const { id: userId } = await here.users.add({ name: "anna", role: "operator", passwordHash: "" });
    const now = systemClock.now();
    const login = { ...makeLogin(userId, now), id: LOGIN, expiresAt: now + loginSeconds * 1_000 };
    await here.logins.create(LOGIN, login);
    await here.logins.create("another", { ...login, id: "another", expiresAt: now + 3_600_000 });
    const enter = async (loginHash: string | null): Promise<RfbClient> => {
      const { view } = await publishDesktop(cleanup, proxyFixture);
      const made = await proxyFixture.proxy.createTicket(view, "control", userId, [], loginHash);
      const viewer = await connectRfbOverWebSocket(cleanup, made.url, made.protocols);
      await viewer.handshake();
      return viewer;
    };
    const findCause = async () => {
      await awaitNoSessions(proxyFixture);
      return (await here.sessions.list())[0]?.cause;
    };
    return { ...proxyFixture, elsewhere, userId, enter, findCause };
  }

  const WAYS: [string, (stores: Stores, userId: string) => Promise<unknown>, string][] = [
    ["it is signed out", (stores) => stores.logins.remove(LOGIN), "LOGIN_ENDED"],
    ["its user is disabled", (stores, userId) => stores.users.disable(userId), "USER_REMOVED"],
    ["its user is removed", (stores, userId) => stores.users.remove(userId), "USER_REMOVED"],
  ];
  test.each(WAYS)("ends within seconds when on another server %s", async (_name, act, cause) => {
    const { elsewhere, userId, enter, findCause } = await open();
    const viewer = await enter(LOGIN);
    const began = performance.now();
    await act(elsewhere, userId);
    await viewer.reader.readToEnd();
    expect(performance.now() - began).toBeLessThan(BOUND_MS);
    expect(await findCause()).toBe(cause);
  });

  test("ends when the login expires; those of another login and of none go on", async () => {
    const { proxy, enter } = await open(5);
    await enter("another");
    await enter(null);
    const viewer = await enter(LOGIN);
    await viewer.reader.readToEnd();
    await waitFor("the session's end", () => proxy.openSessions().length === 2);
    const causes = (await proxy.stores.sessions.list({ state: "closed" })).map(({ cause }) => cause);
    expect(causes).toEqual(["LOGIN_ENDED"]);
  });

  test("does not begin once the login has ended", async () => {
    const gateway = await open();
    const { elsewhere, proxy, userId } = gateway;
    const { view } = await publishDesktop(cleanup, gateway);
    const { url, protocols } = await proxy.createTicket(view, "control", userId, [], LOGIN);
    await elsewhere.logins.remove(LOGIN);
    const late = await connectRfbOverWebSocket(cleanup, url, protocols);
    await expect(late.handshake()).rejects.toThrow("Open the desktop again");
  });
});
