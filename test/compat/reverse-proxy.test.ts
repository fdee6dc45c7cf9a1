// Real reverse proxies end the TLS in front of the server: agents find their way by WebSocket, and so do viewers.
import { afterEach, expect, test } from "vitest";
import { Owner } from "../support/owner.ts";
import { startAgent, startServer } from "../support/postern.ts";
import { startHaproxy, startNginx } from "../support/reverse-proxy.ts";
import { connectRfb, connectRfbOverWebSocket, type RfbClient } from "../support/rfb-client.ts";
import { startXvnc } from "../support/xvnc.ts";

const DESKTOP = "behind";
/** A viewer's own address: the reverse proxy is at another one. */
const CLIENT = "127.0.0.9";
const owner = new Owner();
afterEach(() => owner.close());

async function look(viewer: RfbClient, password?: string): Promise<void> {
  const greeting = await viewer.handshake(password === undefined ? {} : { password });
  expect(greeting).toMatchObject({ name: DESKTOP });
  viewer.setEncodings(0);
  viewer.requestUpdate();
  const [rectangle] = await viewer.readUpdate();
  expect(rectangle).toBeDefined();
}

test.each([
  ["nginx", startNginx],
  ["haproxy", startHaproxy],
])("%s: an agent behind it publishes, and its desktop is seen", async (_name, startReverseProxy) => {
  const args = ["--trust-proxy", "127.0.0.1"];
  const [server, xvnc] = await Promise.all([startServer(owner, { args }), startXvnc(owner)]);
  const { port } = await startReverseProxy(owner, server.listen);
  const agent = await startAgent(owner, server, {
    proxy: `127.0.0.1:${port}`,
    desktops: { [DESKTOP]: xvnc.endpoint },
  });
  expect(agent.process.output).toContain('"event":"agent.transport"');

  const direct = await connectRfb(owner, { host: "127.0.0.1", port: server.rfb });
  await look(direct, await server.createToken(DESKTOP));
  const ticket = await server.createTicket(DESKTOP);
  const url = ticket.url.replace(/:\d+\//, `:${port}/`);
  await look(await connectRfbOverWebSocket(owner, url, ticket.protocols, { localAddress: CLIENT }));
  const sessions = await server.ask<{ source: string }[]>("session", "list");
  expect(sessions.map(({ source }) => source).sort()).toEqual(["127.0.0.1", CLIENT]);

  // What worked once is not tried anew for every viewer.
  const lines = agent.process.output.split('"event":"agent.transport"');
  expect(lines).toHaveLength(2);
});
