import { expect, test } from "vitest";
import { builtInImages } from "../../../../launcher/images/built-in.ts";
import { drawUpSpec } from "../../../../launcher/spec/draw-up.ts";
import { measureHostRoom } from "../../../../launcher/spec/host-room.ts";
import { machineSpec } from "../../../../launcher/spec/machine-spec.ts";

const [memtest, installer] = builtInImages;
const room = { cpus: 4, memoryMb: 2048 };
const request = { id: "m1", name: "One", image: "memtest86+" };

test("takes the image's amounts unless asked otherwise, and survives being stored", () => {
  const spec = drawUpSpec(request, memtest!, room);
  expect(spec).toMatchObject({ cpus: 1, memoryMb: 64, image: "memtest86+", name: "One" });
  expect(drawUpSpec({ ...request, cpus: 4, memoryMb: 2048 }, memtest!, room)).toMatchObject({
    cpus: 4,
    memoryMb: 2048,
  });
  for (const image of [memtest!, installer!]) {
    const drawn = drawUpSpec(request, image, room);
    expect(machineSpec.parse(JSON.parse(JSON.stringify(drawn)))).toEqual(drawn);
  }
});

test("a stored specification cannot be changed", () => {
  const spec = machineSpec.parse(JSON.parse(JSON.stringify(drawUpSpec(request, memtest!, room))));
  expect(Object.isFrozen(spec)).toBe(true);
});

test.each([
  [{ memoryMb: 31 }, "IMAGE_LIMIT"],
  [{ memoryMb: 2049 }, "HOST_MEMORY"],
  [{ cpus: 5 }, "HOST_CPUS"],
])("%j is refused with %s", (changes, code) => {
  expect(() => drawUpSpec({ ...request, ...changes }, memtest!, room)).toThrow(
    expect.objectContaining({ code }) as Error,
  );
});

test("memory that was promised and not yet taken is not free", () => {
  const before = measureHostRoom(0, []);
  const after = measureHostRoom(1000, [
    { promisedMb: 500_000, residentMb: 100_000 },
    { promisedMb: 10, residentMb: 50 },
  ]);
  expect(before.memoryMb - after.memoryMb).toBeGreaterThan(400_000);
  expect(before.memoryMb - after.memoryMb).toBeLessThan(420_000);
});
