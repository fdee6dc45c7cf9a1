import type { diskMethods } from "../../protocol/index.ts";
import type { HostRequestHandlers } from "./request-handlers.ts";

/** A host's answers about data disks. */
export const DISK_REQUEST_HANDLERS: HostRequestHandlers<keyof typeof diskMethods> = {
  "disk.list": ({ disks }) => disks.list(),
  "disk.remove": async ({ disks }, ref) => {
    await disks.remove(ref);
    return {};
  },
  "disk.export": ({ disks }, { journey, partner, ...ref }) =>
    disks.transfers.startExport(ref, journey, partner),
  "disk.read": async ({ disks }, { journey, offset }) => {
    const piece = await disks.transfers.read(journey, offset);
    return { data: piece.toString("base64") };
  },
  "disk.stay": async ({ disks }, { journey }) => {
    await disks.transfers.stay(journey);
    return {};
  },
  "disk.yield": async ({ disks }, { journey }) => {
    await disks.transfers.yield(journey);
    return {};
  },
  "disk.forget": async ({ disks }, { journey }) => {
    await disks.transfers.forget(journey);
    return {};
  },
  "disk.import": ({ disks }, arrival) => disks.transfers.startImport(arrival),
  "disk.write": async ({ disks }, { journey, offset, data }) => ({
    bytes: await disks.transfers.write(journey, offset, Buffer.from(data, "base64")),
  }),
  "disk.check": ({ disks }, { journey }) => disks.transfers.check(journey),
  "disk.settle": async ({ disks }, { journey }) => {
    await disks.transfers.settle(journey);
    return {};
  },
  "disk.drop": async ({ disks }, { journey }) => {
    await disks.transfers.drop(journey);
    return {};
  },
};
