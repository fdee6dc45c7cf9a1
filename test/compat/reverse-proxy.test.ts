// Real reverse proxies end the TLS in front of the server: agents find their way by WebSocket, and so do viewers.
import { afterEach, expect, test } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import { startAgentProgram, startServerProgram } from "../support/postern.ts";
import { startHaproxyExample, startNginxExample } from "../support/reverse-proxy.ts";
import { connectRfb, connectRfbOverWebSocket, type RfbClient } from "../support/rfb-client.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "behind";
/** A viewer's own address: the reverse proxy is at another one. */
const CLIENT = "127.0.0.9";
const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

async function look(viewer: RfbClient, password?: string): Promise<void> {
  const greeting = await viewer.handshake(password === undefined ? {} : { password });
  expect(greeting).toMatchObject({ name: DESKTOP });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  const [rectangle] = await viewer.readUpdate();
  expect(rectangle).toBeDefined();
}

test.each([
  ["nginx", startNginxExample],
  ["haproxy", startHaproxyExample],
])("%s: an agent behind it publishes, and its desktop is seen", async (_name, startReverseProxy) => {
  const args = ["--trust-proxy", "127.0.0.1"];
  const [server, xvnc] = await Promise.all([startServerProgram(cleanup, { args }), startXvnc(cleanup)]);
  const { port } = await startReverseProxy(cleanup, server.listen);
  const agent = await startAgentProgram(cleanup, server, {
    proxy: `127.0.0.1:${port}`,
    desktops: { [DESKTOP]: xvnc.endpoint },
  });
  expect(agent.process.output).toContain('"event":"agent.transport"');

  const direct = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await look(direct, await server.createToken(DESKTOP));
  const ticket = await server.createTicket(DESKTOP);
  const url = ticket.url.replace(/:\d+\//, `:${port}/`);
  await look(await connectRfbOverWebSocket(cleanup, url, ticket.protocols, { localAddress: CLIENT }));
  const sessions = await server.ask<{ source: string }[]>("session", "list");
  expect(sessions.map(({ source }) => source).sort()).toEqual(["127.0.0.1", CLIENT]);

  // What worked once is not tried anew for every viewer.
  const lines = agent.process.output.split('"event":"agent.transport"');
  expect(lines).toHaveLength(2);
});
