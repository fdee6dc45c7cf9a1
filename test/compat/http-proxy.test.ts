// An agent whose only way out is an HTTP proxy: control and data connections go through real tinyproxy.
import { afterEach, expect, test } from "vitest";
import { makeNetworkNamespace, type NetworkNamespace } from "../support/network-namespace.ts";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  type AgentSettings,
  POSTERN,
  type PosternServer,
  startAgentProgram,
  startServerProgram,
} from "../support/postern.ts";
import { runProcess, startProcess } from "../support/test-process.ts";
import { connectRfb } from "../support/rfb-client.ts";
import { startTinyproxy, type TinyproxySettings } from "../support/tinyproxy.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "cellar";
const LOGIN = { user: "ada", password: "byron1815" };
const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function start(settings: Partial<TinyproxySettings> = {}) {
  const net = await makeNetworkNamespace(cleanup);
  const [server, xvnc, tinyproxy] = await Promise.all([
    startServerProgram(cleanup),
    startXvnc(cleanup, { onUnixSocket: true }),
    startTinyproxy(cleanup, { address: net.address, ...settings }),
  ]);
  const connect = (agent: AgentSettings) =>
    startAgentProgram(cleanup, server, { desktops: { [DESKTOP]: xvnc.endpoint }, via: net.via, ...agent });
  return { net, server, tinyproxy, connect, url: `http://${net.address}:${tinyproxy.port}` };
}

async function view(server: PosternServer): Promise<void> {
  const password = await server.createToken(DESKTOP);
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  expect(await viewer.handshake({ password })).toMatchObject({ name: DESKTOP });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  expect(await viewer.readUpdate()).not.toHaveLength(0);
}

/** What the agent can reach by itself. */
async function countRoutes({ via }: NetworkNamespace): Promise<number> {
  const [command = "", ...args] = via;
  const { stdout } = await runProcess(command, [...args, "ip", "route", "list", "default"]);
  return stdout.trim() === "" ? 0 : 1;
}

test("tinyproxy without a login, told by the environment", async () => {
  const { net, server, tinyproxy, connect, url } = await start();
  expect(await countRoutes(net)).toBe(0);
  // To the agent this is a name like any other, to tinyproxy it is 127.0.0.1.
  await connect({ proxy: `127.1:${server.listen}`, env: { HTTPS_PROXY: url } });
  await view(server);
  const tunnels = tinyproxy.program.output.match(new RegExp(`CONNECT 127.1:${server.listen}`, "g"));
  expect(tunnels?.length).toBeGreaterThanOrEqual(2);
});

test("tinyproxy with a login: a wrong one is told, the right one leads through", async () => {
  const { net, server, connect, url } = await start({ login: LOGIN });
  const withLogin = (password: string) => url.replace("//", `//${LOGIN.user}:${password}@`);
  const { fingerprint } = await server.createJoin();
  const [command = "", ...args] = [...net.via, POSTERN, "agent", "--fingerprint", fingerprint];
  args.push("--proxy", `127.0.0.1:${server.listen}`, "--data", await cleanup.makeFolder());
  const stranger = startProcess(cleanup, command, [...args, "--http-proxy", withLogin("wrong")]);
  await stranger.waitForOutput(/HTTP_PROXY_LOGIN: [^"]*did not take the user and the password/);
  const { stdout, stderr } = stranger;
  expect(stdout + stderr).not.toContain("wrong@");
  await stranger.stop();

  await connect({ env: { POSTERN_HTTP_PROXY: withLogin(LOGIN.password) } });
  await view(server);
});

test("tinyproxy that allows other ports only says so in the agent's log", async () => {
  const { net, server, url } = await start({ connectPorts: [443] });
  const { fingerprint } = await server.createJoin();
  const [command = "", ...args] = [...net.via, POSTERN, "agent", "--fingerprint", fingerprint];
  args.push("--proxy", `127.0.0.1:${server.listen}`, "--data", await cleanup.makeFolder());
  const agent = startProcess(cleanup, command, [...args, "--http-proxy", url]);
  await agent.waitForOutput(/HTTP_PROXY_FORBIDDEN/);
});
