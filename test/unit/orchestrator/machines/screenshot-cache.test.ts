import { expect, test, vi } from "vitest";
import { RequestError } from "../../../../protocol/index.ts";
import { MEMTEST, openWebFixture } from "../../../support/web-fixture.ts";

const SCREEN = "/api/v1/machines/m1/screen.png";

async function open(answer: (width: number | undefined) => string = () => "first") {
  const fixture = await openWebFixture();
  const { stores } = fixture.proxy;
  const machine = { id: "m1", name: "m", image: MEMTEST.id, ownerId: fixture.annaId, cpus: 1, memoryMb: 64 };
  await stores.machines.add({ ...machine, state: "queued" });
  await stores.machines.update("m1", { agentId: "h1", state: "running" });
  const shoot = vi.fn(({ maxWidth }: { id: string; maxWidth?: number | undefined }) => ({
    png: Buffer.from(answer(maxWidth)).toString("base64"),
    width: 720,
    height: 400,
  }));
  fixture.proxy.connectHost("h1", {
    "machine.list": () => new Promise(() => undefined),
    "machine.screenshot": shoot,
  });
  const as = await fixture.signIn("anna");
  const look = (query = "", headers = {}) => fixture.ask("GET", SCREEN + query, { as, headers });
  return { ...fixture, stores, shoot, look };
}

test("a picture, with an ETag that answers 304 while it is the same", async () => {
  const { look, shoot } = await open();
  const first = await look();
  expect(first).toMatchObject({ status: 200, body: "first" });
  expect(first.headers).toMatchObject({ "content-type": "image/png", "cache-control": "private, no-cache" });
  expect(shoot).toHaveBeenCalledWith({ id: "m1", maxWidth: 320 });
  const again = await look("", { "if-none-match": first.headers.etag });
  expect(again.status).toBe(304);
  expect(again.raw).toHaveLength(0);
});

test("all who look share one picture for a second, per width", async () => {
  let shown = 0;
  const { look, shoot, clock } = await open(() => `picture ${(shown += 1)}`);
  const bodies = await Promise.all([look(), look(), look()]);
  expect(new Set(bodies.map(({ body }) => body)).size).toBe(1);
  clock.advance(999);
  await look();
  expect(shoot).toHaveBeenCalledTimes(1);
  clock.advance(1);
  expect((await look()).body).toBe("picture 2");
  await look("?width=640");
  expect(shoot).toHaveBeenLastCalledWith({ id: "m1", maxWidth: 640 });
});

test("a failure is not kept", async () => {
  let broken = true;
  const { look } = await open(() => {
    if (broken) throw new RequestError("MACHINE_NOT_RUNNING", "no screen");
    return "fine";
  });
  expect(await look()).toMatchObject({ status: 409, body: { error: { code: "MACHINE_NOT_RUNNING" } } });
  broken = false;
  expect((await look()).status).toBe(200);
});

test("a machine that is off has no screen; too wide is no width", async () => {
  const { look, stores, shoot } = await open();
  expect((await look("?width=1281")).status).toBe(400);
  await stores.machines.update("m1", { state: "stopped" });
  expect(await look()).toMatchObject({ status: 409, body: { error: { code: "MACHINE_NOT_RUNNING" } } });
  expect(shoot).not.toHaveBeenCalled();
});
