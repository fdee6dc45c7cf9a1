import { expect, test } from "vitest";
import { handleHostRequest } from "../../../../launcher/host/request-handlers.ts";
import { parsePositiveNumber } from "../../../../bin/terminal/option-parsers.ts";
import type { Launcher } from "../../../../launcher/index.ts";
import { hostMethods, type HostMethod } from "../../../../protocol/index.ts";

/** Every call of a launcher, written down. */
function recordCalls(): { launcher: Launcher; calls: unknown[] } {
  const calls: unknown[] = [];
  const launcher = new Proxy({} as Launcher, {
    get:
      (_target, name) =>
      (...args: unknown[]) => {
        calls.push([name, ...args]);
        return Promise.resolve(name);
      },
  });
  return { launcher, calls };
}

test.each<[HostMethod, unknown, unknown[]]>([
  ["host.facts", {}, ["facts"]],
  ["image.list", {}, ["images"]],
  ["machine.start", { id: "m" }, ["start", "m", false]],
  ["machine.stop", { id: "m" }, ["stop", "m", false]],
  ["machine.pause", { id: "m" }, ["pause", "m"]],
  ["machine.resume", { id: "m" }, ["resume", "m"]],
  ["machine.reset", { id: "m" }, ["reset", "m"]],
  ["machine.keep", { id: "m" }, ["keep", "m"]],
  ["machine.save", { id: "m" }, ["save", "m"]],
  ["machine.boot-log", { id: "m" }, ["bootLog", "m"]],
  ["machine.snapshots", { id: "m" }, ["snapshots", "m"]],
  ["machine.snapshot", { id: "m", name: "a b" }, ["takeSnapshot", "m", "a b"]],
  ["machine.restore", { id: "m", name: "a" }, ["restoreSnapshot", "m", "a"]],
  ["machine.snapshot-remove", { id: "m", name: "a" }, ["removeSnapshot", "m", "a"]],
  [
    "machine.save-as-image",
    { id: "m", image: "mine", title: "Mine" },
    ["saveAsImage", "m", { id: "mine", title: "Mine", compress: false }],
  ],
  ["machine.remove", { id: "m" }, ["remove", "m"]],
  ["machine.list", {}, ["machines"]],
])("%s %j", async (method, params, call) => {
  const { launcher, calls } = recordCalls();
  await handleHostRequest(launcher, method, params);
  expect(calls).toEqual([call]);
});

test("a machine is asked for with everything filled in that may be left out", async () => {
  const { launcher, calls } = recordCalls();
  await handleHostRequest(launcher, "machine.create", { id: "m1", name: "One", image: "x" });
  expect(calls).toEqual([
    ["create", hostMethods["machine.create"].params.parse({ id: "m1", name: "One", image: "x" })],
  ]);
});

test.each(["machine.dream", "constructor", "__proto__", ""])("%j is not known", async (method) => {
  const { launcher, calls } = recordCalls();
  await expect(handleHostRequest(launcher, method, {})).rejects.toMatchObject({ code: "METHOD_UNKNOWN" });
  expect(calls).toEqual([]);
});

test("what does not fit the method reaches no launcher", () => {
  const { launcher, calls } = recordCalls();
  expect(() => handleHostRequest(launcher, "machine.snapshot", { id: "m", name: "-d" })).toThrow();
  expect(calls).toEqual([]);
});

test("amounts have fractions, and are above nothing", () => {
  const parse = parsePositiveNumber("--max-load");
  expect([parse("1.5"), parse("10")]).toEqual([1.5, 10]);
  for (const text of ["0", "-1", "x", "Infinity", ""])
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: "NUMBER" }) as Error);
});
