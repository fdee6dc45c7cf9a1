import { readFile, readdir, readlink } from "node:fs/promises";
import { afterEach, describe, expect, test } from "vitest";
import { encodeJsonFrame, FrameType } from "../../../protocol/index.ts";
import { findFreePort } from "../../support/free-port.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { waitFor } from "../../support/wait-for.ts";
import { AgentFixture } from "./support/agent-fixture.ts";
import { makeCa, makeLeaf } from "./support/certificates.ts";

const fixture = new AgentFixture();
afterEach(() => fixture.close());

const DESK = { name: "Desk", endpoint: { kind: "tcp", host: "127.0.0.1", port: 9 } } as const;

describe("reconnecting", () => {
  test("a server that vanishes and comes back finds all desktops published anew", async () => {
    const first = await fixture.startProxy();
    const { port } = first;
    const agent = await fixture.startAgent(first, { desktops: [DESK], random: () => 0.1 });
    await agent.ready;
    await first.stop();
    await waitFor("a failed dial", () =>
      fixture.log.some(({ reason }) => String(reason).startsWith("DIAL_REFUSED")),
    );
    const second = await fixture.startProxy({}, port);
    const control = await second.controls.next();
    expect(control.proof.enrol).toBeUndefined();
    expect((await control.frames.next()).value).toMatchObject({ name: "Desk" });
  });

  test("a server that answers before ours has its turn next", async () => {
    const proxy = await fixture.startProxy();
    const servers = [await findFreePort(), proxy.port].map((port) => ({ host: "127.0.0.1", port }));
    const agent = await fixture.startAgent(proxy, { servers });
    await agent.ready;
    expect(proxy.connections).toBe(1);
  });

  test("a server of another service is never spoken to, however often it is tried", async () => {
    const otherCa = makeCa("another CA");
    const impostor = await fixture.startProxy({ leaf: makeLeaf(otherCa), chain: [otherCa] });
    await fixture.startAgent(impostor, { random: () => 0.01 });
    const tries = () => fixture.log.filter(({ event }) => event === "agent.disconnected");
    await waitFor("several tries", () => tries().length >= 3);
    for (const { reason } of tries()) expect(String(reason)).toMatch(/^TRUST_FINGERPRINT_MISMATCH/);
    expect(impostor.bytesReceived).toBe(0);
  });

  test("drain: gone at once, back within the spread", async () => {
    const clock = new ManualClock(Date.now());
    const proxy = await fixture.startProxy();
    const agent = await fixture.startAgent(proxy, { clock, random: () => 0.5 });
    await agent.ready;
    const control = await proxy.controls.next();
    control.socket.write(encodeJsonFrame(FrameType.drain, { reason: "update", reconnectWithinMs: 20_000 }));
    await waitFor("the goodbye", () => control.socket.destroyed && clock.pending === 1);
    clock.advance(9_999);
    expect(proxy.connections).toBe(1);
    clock.advance(1);
    await proxy.controls.next();
  });

  test("no port is opened", async () => {
    const countListeners = async (): Promise<number> => {
      const inodes = new Set(
        (await Promise.all((await readdir("/proc/self/fd")).map(readLinkOfDescriptor))).filter(Boolean),
      );
      const tables = await Promise.all(
        ["tcp", "tcp6"].map((table) => readFile(`/proc/self/net/${table}`, "utf8")),
      );
      const LISTEN = "0A";
      return tables
        .flatMap((table) => table.split("\n").slice(1))
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9])).length;
    };
    const proxy = await fixture.startProxy();
    const before = await countListeners();
    const agent = await fixture.startAgent(proxy, { desktops: [DESK] });
    await agent.ready;
    expect(before).toBeGreaterThan(0);
    expect(await countListeners()).toBe(before);
  });
});

async function readLinkOfDescriptor(descriptor: string): Promise<string | undefined> {
  const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => "");
  return /^socket:\[(\d+)\]$/.exec(target)?.[1];
}
