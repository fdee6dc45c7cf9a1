import { createHash, X509Certificate } from "node:crypto";
import tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import type { PublishedDesktop } from "../../../../agent/index.ts";
import { openEndpoint, type EndpointConnection } from "../../../../agent/serve/open-endpoint.ts";
import { relayServerInit } from "../../../../agent/serve/relay-server-init.ts";
import { MAX_TIGHT_CAPABILITIES, systemClock } from "../../../../protocol/index.ts";
import { ByteReader } from "../../../support/byte-reader.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { createDuplexPair } from "../../../support/memory-duplex.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { plainSecurity, tightSecurity } from "../../../support/test-vnc-security.ts";
import { TEST_SERVER_NAME, type TestVncClient } from "../../../support/test-vnc-desktop.ts";
import { startTestVncServer, type TestVncSecurity } from "../../../support/test-vnc-server.ts";
import { answerChallenge } from "../../../support/rfb-client.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
const signal = new AbortController().signal;
const ACCOUNT = { user: "ada", password: "secret" };

async function enter(
  securities: readonly TestVncSecurity[],
  desktop: Partial<PublishedDesktop> = {},
): Promise<EndpointConnection> {
  const { port } = await startTestVncServer(cleanup, securities, [[1, 2, 3]]);
  const endpoint = { kind: "tcp", host: "127.0.0.1", port } as const;
  const entered = await openEndpoint({ name: "Desk", endpoint, ...desktop }, systemClock, signal);
  cleanup.add({ stop: () => Promise.resolve(entered.destroy()) });
  return entered;
}

/** VeNCrypt that has this sub-type only. */
function veNCrypt(subType: number, admit: (client: TestVncClient) => Promise<boolean>): TestVncSecurity {
  return {
    type: 19,
    async authenticate(client) {
      client.write([0, 2]);
      await client.reader.read(2);
      client.write([0, 1, 0, 0, subType >> 8, subType & 255]);
      await client.reader.read(4);
      return admit(client);
    },
  };
}

const vncAuth: TestVncSecurity = {
  type: 2,
  async authenticate({ reader, write }) {
    write(Buffer.alloc(16, 7));
    return (await reader.read(16)).equals(answerChallenge(ACCOUNT.password, Buffer.alloc(16, 7)));
  },
};

describe("a VNC server is entered", () => {
  test("by another security type when VeNCrypt leads nowhere", async () => {
    const certified = veNCrypt(261, () => Promise.resolve(false));
    const entered = await enter([certified, vncAuth], { vncPassword: ACCOUNT.password });
    expect(entered).toMatchObject({ security: "vncAuth", hasTightCapabilities: false });
  });

  test("with a password in clear text on this host only", async () => {
    const login = { vncUser: ACCOUNT.user, vncPassword: ACCOUNT.password };
    expect(await enter([plainSecurity(ACCOUNT)], login)).toMatchObject({ security: "veNCrypt plain" });
  });

  test("not at all when a certificate is expected and none is shown", async () => {
    const login = {
      vncPassword: ACCOUNT.password,
      tls: { kind: "fingerprint", sha256: "0".repeat(64) },
    } as const;
    await expect(enter([vncAuth], login)).rejects.toMatchObject({ setupCode: "SERVER_CERTIFICATE" });
  });

  test("a server that stops in the middle of TLS is given up in time", async () => {
    const clock = new ManualClock();
    let stalled = (): void => undefined;
    const reached = new Promise<void>((resolve) => (stalled = resolve));
    const stalling = veNCrypt(257, async ({ reader, write }) => {
      write([1]);
      await reader.read(1);
      stalled();
      return new Promise(() => undefined);
    });
    const { port } = await startTestVncServer(cleanup, [stalling], [[1, 2, 3]]);
    const endpoint = { kind: "tcp", host: "127.0.0.1", port } as const;
    const entering = openEndpoint({ name: "Desk", endpoint }, clock, signal);
    entering.catch(() => undefined);
    await reached;
    clock.advance(60_000);
    await expect(entering).rejects.toMatchObject({ setupCode: "DESKTOP_DECLINED" });
  });
});

describe("ServerInit after Tight security", () => {
  test("comes without the capabilities, and what follows is untouched", async () => {
    const entered = await enter([tightSecurity("none", ACCOUNT, 0)]);
    expect(entered.hasTightCapabilities).toBe(true);
    const [data, viewer] = createDuplexPair();
    const seen = new ByteReader(viewer);
    viewer.write(Buffer.of(1));
    await relayServerInit(data, entered.stream, systemClock, signal);
    const init = await seen.read(24 + TEST_SERVER_NAME.length);
    expect(init.subarray(24).toString()).toBe(TEST_SERVER_NAME);
    entered.stream.write(Buffer.of(3, 0, 0, 0, 0, 0, 1, 0x40, 0, 200));
    const update = await new ByteReader(entered.stream).read(16);
    expect(update.subarray(0, 8)).toEqual(Buffer.of(0, 0, 0, 1, 0, 0, 0, 0));
    expect(seen.available).toBe(0);
  });

  test.each([
    ["too many capabilities", MAX_TIGHT_CAPABILITIES + 1, "LENGTH_LIMIT"],
    ["65535 of them", 0xffff, "LENGTH_LIMIT"],
  ])("with %s is given up", async (_name, count, code) => {
    const tight = tightSecurity("none", ACCOUNT, 0);
    const counts = Buffer.of(count >> 8, count & 255, 0, 0, 0, 0, 0, 0);
    const entered = await enter([{ ...tight, afterServerInit: counts }]);
    const [data, viewer] = createDuplexPair();
    viewer.write(Buffer.of(1));
    await expect(relayServerInit(data, entered.stream, systemClock, signal)).rejects.toMatchObject({ code });
  });

  test("that does not come is not waited for beyond its deadline, nor when the agent closes", async () => {
    const clock = new ManualClock();
    const [data, viewer] = createDuplexPair();
    const [server] = createDuplexPair();
    viewer.write(Buffer.of(1));
    const waiting = relayServerInit(data, server, clock, signal);
    waiting.catch(() => undefined);
    clock.advance(10_000);
    await expect(waiting).rejects.toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    const closing = new AbortController();
    const cut = relayServerInit(data, server, clock, closing.signal);
    closing.abort();
    await expect(cut).rejects.toMatchObject({ code: "ABORTED" });
  });
});

test("the certificate's fingerprint is the one that openssl prints", () => {
  // SHA-256 over the whole certificate; not over its key, as the service's own fingerprint is.
  const [root] = tls.rootCertificates;
  const certificate = new X509Certificate(root!);
  const ours = createHash("sha256").update(certificate.raw).digest("hex");
  expect(certificate.fingerprint256.replaceAll(":", "").toLowerCase()).toBe(ours);
});
