import type { diskMethods } from "../../protocol/index.ts";
import type { Answers } from "./host-requests.ts";

/** A host's answers about data disks. */
export const DISK_ANSWERS: Answers<keyof typeof diskMethods> = {
  "disk.list": ({ disks }) => disks.list(),
  "disk.remove": async ({ disks }, ref) => {
    await disks.remove(ref);
    return {};
  },
  "disk.export": ({ disks }, { journey, partner, ...ref }) => disks.journeys.leave(ref, journey, partner),
  "disk.read": async ({ disks }, { journey, offset }) => {
    const piece = await disks.journeys.read(journey, offset);
    return { data: piece.toString("base64") };
  },
  "disk.stay": async ({ disks }, { journey }) => {
    await disks.journeys.stay(journey);
    return {};
  },
  "disk.yield": async ({ disks }, { journey }) => {
    await disks.journeys.yield(journey);
    return {};
  },
  "disk.forget": async ({ disks }, { journey }) => {
    await disks.journeys.forget(journey);
    return {};
  },
  "disk.import": ({ disks }, arrival) => disks.journeys.arrive(arrival),
  "disk.write": async ({ disks }, { journey, offset, data }) => ({
    bytes: await disks.journeys.write(journey, offset, Buffer.from(data, "base64")),
  }),
  "disk.check": ({ disks }, { journey }) => disks.journeys.check(journey),
  "disk.settle": async ({ disks }, { journey }) => {
    await disks.journeys.settle(journey);
    return {};
  },
  "disk.drop": async ({ disks }, { journey }) => {
    await disks.journeys.drop(journey);
    return {};
  },
};
