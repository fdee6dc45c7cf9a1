import { expect, it } from "vitest";
import { TypedEventEmitter } from "../../../protocol/index.ts";

interface Events {
  changed: { readonly id: string };
  removed: { readonly id: string };
}

it("calls the listeners of the event alone, in the order they subscribed", () => {
  const emitter = new TypedEventEmitter<Events>();
  const heard: string[] = [];
  emitter.on("changed", ({ id }) => void heard.push(`first ${id}`));
  emitter.on("changed", ({ id }) => void heard.push(`second ${id}`));
  emitter.on("removed", ({ id }) => void heard.push(`removed ${id}`));
  emitter.emit("changed", { id: "a" });
  expect(heard).toEqual(["first a", "second a"]);
});

it("calls a listener no more once its subscription has ended", () => {
  const emitter = new TypedEventEmitter<Events>();
  const heard: string[] = [];
  const end = emitter.on("changed", ({ id }) => void heard.push(id));
  end();
  end();
  emitter.emit("changed", { id: "a" });
  expect(heard).toEqual([]);
});

it("delivers until every listener's promise has settled", async () => {
  const emitter = new TypedEventEmitter<Events, void | Promise<void>>();
  const finish: (() => void)[] = [];
  for (const _ of [1, 2]) emitter.on("changed", () => new Promise<void>((resolve) => finish.push(resolve)));
  emitter.on("changed", () => undefined);
  let settled = false;
  const delivered = emitter.deliver("changed", { id: "a" })?.then(() => (settled = true));
  finish[0]?.();
  await Promise.resolve();
  expect(settled).toBe(false);
  finish[1]?.();
  await delivered;
  expect(settled).toBe(true);
});

it("delivers at once where no listener gave a promise", () => {
  const emitter = new TypedEventEmitter<Events, void | Promise<void>>();
  emitter.on("changed", () => undefined);
  expect(emitter.deliver("changed", { id: "a" })).toBeUndefined();
});
