import { randomBytes, sign } from "node:crypto";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import {
  Conversation,
  encodeHandshake,
  encodeJsonFrame,
  EXPORTER_BYTES,
  EXPORTER_CONTEXT,
  EXPORTER_LABEL,
  FrameType,
  Mip2IdentifierType,
  MIP2_LIMITS,
  proofMessage,
  readFrame,
  systemClock,
  type ProofPurpose,
} from "../../../protocol/index.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ProxyFixture, openProxyFixture, publishDesktop } from "./proxy-fixture.ts";
import { dialMip2, type KeyPair, makeKeyPair } from "./scripted-agent.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

/** Brings a spare connection, and gives the code with which it was turned away. */
async function refusalOf({ proxy, log }: ProxyFixture, key: KeyPair, purpose: ProofPurpose): Promise<string> {
  const before = log().length;
  const socket = await dialMip2(proxy);
  cleanup.add({ stop: () => Promise.resolve(void socket.destroy()) });
  const peer = new Conversation(socket, { deadlineMs: 5_000, maxBytes: 65_536 }, systemClock);
  const agentNonce = randomBytes(32);
  const identifier = { identifierType: Mip2IdentifierType.resource, identifier: key.agentId };
  await peer.write(encodeHandshake({ ...identifier, nonce: agentNonce, versions: [1] }, FrameType.spare));
  const frame = await peer.read(readFrame(MIP2_LIMITS.unprovenBody));
  if (frame.type !== FrameType.challenge) throw new Error(`frame ${frame.type} instead of a challenge`);
  const message = proofMessage({
    purpose,
    version: frame.value.version,
    proxyId: frame.value.proxyId,
    agentId: key.agentId,
    agentNonce,
    serverNonce: frame.value.nonce,
    exporter: socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER_LABEL, EXPORTER_CONTEXT),
  });
  const signature = sign(null, message, key.privateKey).toString("base64");
  peer.release();
  const ended = once(socket.resume(), "close");
  socket.write(encodeJsonFrame(FrameType.proof, { signature, role: "agent", software: "scripted" }));
  await ended;
  const [, line = ""] = await waitFor("the log", () => /("agent\.rejected".*)/.exec(log().slice(before)));
  return /"code":"(\w+)"/.exec(line)?.[1] ?? "none";
}

test("spare connections need the agent's key, a proof of their own kind, and somebody who asked", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent } = await publishDesktop(cleanup, proxyFixture);
  const stranger = makeKeyPair();
  expect(await refusalOf(proxyFixture, stranger, "spare")).toBe("AGENT_UNKNOWN");
  expect(await refusalOf(proxyFixture, { ...stranger, agentId: agent.key.agentId }, "spare")).toBe(
    "PROOF_REFUSED",
  );
  expect(await refusalOf(proxyFixture, agent.key, "control")).toBe("PROOF_REFUSED");
  expect(await refusalOf(proxyFixture, agent.key, "spare")).toBe("SPARE_UNWANTED");
});

test("an agent that does not say that it knows spares is never asked for one", async () => {
  const proxyFixture = await openProxyFixture(cleanup);
  const { agent, view } = await publishDesktop(cleanup, proxyFixture);
  proxyFixture.proxy.expectViewer(agent.key.agentId);
  await proxyFixture.proxy.createToken(view, "control", 60, "admin");
  await agent.publish("another");
  expect(agent.find(FrameType.spareWanted)).toEqual([]);
});
