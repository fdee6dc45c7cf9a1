import { afterEach, describe, expect, test } from "vitest";
import { encodeJsonFrame, encodePing, FrameType, RequestError, type Frame } from "../../../protocol/index.ts";
import { waitFor } from "../../support/wait-for.ts";
import { AgentFixture } from "./support/agent-fixture.ts";
import type { FakeControl } from "./support/fake-proxy-server.ts";

const fixture = new AgentFixture();
afterEach(() => fixture.close());

const DESK = { name: "Desk", endpoint: { kind: "tcp", host: "127.0.0.1", port: 9 } } as const;
const CELLAR = { name: "Cellar", endpoint: { kind: "unix", path: "/nowhere" } } as const;

function nextOf(control: FakeControl, type: FrameType): Promise<Frame> {
  return control.frames.find((frame) => frame.type === type);
}

describe("publishing", () => {
  test("ready waits for the acknowledgement of every desktop", async () => {
    const proxy = await fixture.startProxy({ acknowledge: false });
    const agent = await fixture.startAgent(proxy, { desktops: [DESK, { ...CELLAR, machineId: "m1" }] });
    let ready = false;
    void agent.ready.then(() => (ready = true));
    const control = await proxy.controls.next();
    const first = (await nextOf(control, FrameType.publish)).value as { id: number };
    const second = (await nextOf(control, FrameType.publish)).value as { id: number };
    expect([first, second]).toEqual([
      { id: first.id, name: "Desk" },
      { id: second.id, name: "Cellar", machineId: "m1" },
    ]);
    const acknowledge = (id: number): void => {
      control.socket.write(encodeJsonFrame(FrameType.reply, { id, ok: true, result: { desktopId: "d" } }));
    };
    acknowledge(second.id);
    control.socket.write(encodePing(FrameType.ping, Buffer.from("one")));
    await nextOf(control, FrameType.pong);
    expect(ready).toBe(false);
    acknowledge(first.id);
    await agent.ready;
  });

  test("a refused desktop rejects ready with the code, and the agent goes on", async () => {
    const proxy = await fixture.startProxy({ acknowledge: false });
    const agent = await fixture.startAgent(proxy, { desktops: [DESK] });
    const control = await proxy.controls.next();
    const { id } = (await nextOf(control, FrameType.publish)).value as { id: number };
    const error = { code: "DESKTOP_TAKEN", message: "no" };
    control.socket.write(encodeJsonFrame(FrameType.reply, { id, ok: false, error }));
    await expect(agent.ready).rejects.toMatchObject({ code: "DESKTOP_TAKEN" });
    agent.publish(CELLAR);
    await nextOf(control, FrameType.publish);
  });

  test("desktops come and go while connected", async () => {
    const proxy = await fixture.startProxy();
    const agent = await fixture.startAgent(proxy);
    await agent.ready;
    const control = await proxy.controls.next();
    agent.publish(DESK);
    expect((await nextOf(control, FrameType.publish)).value).toMatchObject({ name: "Desk" });
    agent.withdraw("Desk");
    expect((await nextOf(control, FrameType.withdraw)).value).toEqual({ name: "Desk" });
    agent.withdraw("Desk");
    agent.publish(CELLAR);
    expect((await control.frames.next()).value).toMatchObject({ name: "Cellar" });
  });

  test("impossible names are refused before anything is dialed", async () => {
    const proxy = { port: 9 };
    await expect(fixture.startAgent(proxy, { desktops: [{ ...DESK, name: "a/b" }] })).rejects.toMatchObject({
      code: "DESKTOP_NAME",
    });
    await expect(fixture.startAgent(proxy, { desktops: [DESK, DESK] })).rejects.toMatchObject({
      code: "DESKTOP_NAME",
    });
    await expect(fixture.startAgent(proxy, { servers: [] })).rejects.toMatchObject({ code: "AGENT_SERVERS" });
  });
});

describe("requests and events", () => {
  test("requests are answered; only errors of the family speak for themselves", async () => {
    const proxy = await fixture.startProxy();
    await fixture.startAgent(proxy, {
      role: "host",
      onRequest: async (method, params) => {
        await Promise.resolve();
        if (method === "echo") return params;
        if (method === "known")
          throw new RequestError("MACHINE_UNKNOWN", "no m7 in /secret", { safeMessage: "No such machine." });
        if (method === "long") return "x".repeat(2_000_000);
        throw new Error("ENOENT /root/secret");
      },
    });
    const control = await proxy.controls.next();
    const ask = async (id: number, method: string): Promise<unknown> => {
      control.socket.write(encodeJsonFrame(FrameType.request, { id, method, params: { a: 1 } }));
      return (await nextOf(control, FrameType.reply)).value;
    };
    expect(await ask(1, "echo")).toEqual({ id: 1, ok: true, result: { a: 1 } });
    expect(await ask(2, "known")).toEqual({
      id: 2,
      ok: false,
      error: { code: "MACHINE_UNKNOWN", message: "No such machine." },
    });
    expect(await ask(3, "fault")).toMatchObject({ id: 3, ok: false, error: { code: "INTERNAL" } });
    expect(JSON.stringify(await ask(4, "fault"))).not.toContain("secret");
    expect(await ask(5, "long")).toMatchObject({ id: 5, error: { code: "REPLY_TOO_LONG" } });
    expect(control.proof.role).toBe("host");
  });

  test("events go out while connected, and listeners hear of every connection", async () => {
    const proxy = await fixture.startProxy();
    const agent = await fixture.startAgent(proxy);
    let connects = 0;
    agent.onConnect(() => {
      connects += 1;
      agent.emit("image.changed", { connects });
    });
    agent.emit("dropped", {});
    const first = await proxy.controls.next();
    expect((await first.frames.next()).value).toEqual({ name: "image.changed", data: { connects: 1 } });
    first.socket.destroy();
    const second = await proxy.controls.next();
    expect((await second.frames.next()).value).toEqual({ name: "image.changed", data: { connects: 2 } });
  });
});

describe("the end", () => {
  test("close withdraws, says goodbye in order and may be called twice", async () => {
    const proxy = await fixture.startProxy();
    const agent = await fixture.startAgent(proxy, { desktops: [DESK] });
    await agent.ready;
    const control = await proxy.controls.next();
    await Promise.all([agent.close(), agent.close()]);
    expect((await nextOf(control, FrameType.withdraw)).value).toEqual({ name: "Desk" });
    expect(await agent.stopped).toBeNull();
    await waitFor("the connection's end", () => control.socket.destroyed);
    expect(proxy.faults).toEqual([]);
  });

  test("close before the first connection rejects ready", async () => {
    const agent = await fixture.startAgent({ port: 1 });
    await agent.close();
    await expect(agent.ready).rejects.toMatchObject({ code: "AGENT_CLOSED" });
  });
});
