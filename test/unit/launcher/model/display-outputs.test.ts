import { describe, expect, test } from "vitest";
import { displayArguments } from "../../../../launcher/argv/display-arguments.ts";
import { listDisplayOutputs } from "../../../../launcher/model/display-outputs.ts";
import { devicesOf, paths, specOf, valuesOf } from "../argv/spec-fixture.ts";

const SERVER = "password-secret=vnc0,share=force-shared,power-control=on";
const argvOf = (changes: object) => displayArguments(specOf(changes), paths);
const tabletsOf = (argv: string[]) => devicesOf(argv).filter(({ driver }) => driver === "usb-tablet");

test("the first screen has the machine's name, each further one a number behind it", () => {
  const heads = listDisplayOutputs(specOf({ display: "virtio", monitors: 4 }), paths);
  expect(heads.map(({ name }) => name)).toEqual(["One", "One-2", "One-3", "One-4"]);
  expect(new Set(heads.map(({ socket }) => socket)).size).toBe(4);
  expect(heads[0]!.socket).toBe(paths.vncSocket);
  for (const { socket } of heads) {
    expect(socket.startsWith(paths.socketBase)).toBe(true);
    expect(socket).toHaveLength(paths.vncSocket.length);
  }
});

test.each([
  ["no display", { display: "none" }, 0],
  ["one monitor", { display: "std" }, 1],
  ["a part of a GPU", { display: "virtio", monitors: 3, gpu: "mdev" }, 1],
])("%s", (_what, changes, count) => {
  expect(listDisplayOutputs(specOf(changes), paths)).toHaveLength(count);
});

describe.each([
  ["virtio", ["video0", "video0", "video0"], [0, 1, 2]],
  ["qxl", ["video0", "video1", "video2"], [0, 0, 0]],
] as const)("three monitors of %s", (display, devices, outputs) => {
  const argv = argvOf({ display, monitors: 3 });

  test("have a VNC server each, bound to its output", () => {
    expect(valuesOf(argv, "-vnc")).toEqual(
      [paths.vncSocket, `${paths.socketBase}vn2`, `${paths.socketBase}vn3`].map(
        (socket, index) => `unix:${socket},${SERVER},display=${devices[index]!},head=${outputs[index]!}`,
      ),
    );
  });

  test("have a tablet each, behind the adapters that they belong to; the first is bound to none", () => {
    expect(tabletsOf(argv)).toEqual([
      { driver: "usb-tablet", bus: "usb0.0" },
      ...[1, 2].map((index) => ({
        ...{ driver: "usb-tablet", bus: "usb0.0" },
        ...{ display: devices[index], head: outputs[index] },
      })),
    ]);
    const drivers = devicesOf(argv).map(({ driver }) => String(driver));
    expect(drivers.findLastIndex((name) => /qxl|virtio/.test(name))).toBeLessThan(
      drivers.indexOf("usb-tablet"),
    );
  });
});

test("one monitor has one VNC server and one tablet, as ever", () => {
  const argv = argvOf({ display: "virtio" });
  expect(valuesOf(argv, "-vnc")).toEqual([`unix:${paths.vncSocket},${SERVER}`]);
  expect(tabletsOf(argv)).toEqual([{ driver: "usb-tablet", bus: "usb0.0" }]);
});
