import { diskArguments, type DriveSpec } from "./drive-arguments.ts";

/** Limit of virtio-blk; the other buses take as many or more. */
const SERIAL_BYTES = 20;

/**
 * A second drive for QEMU, on the same bus as the first. Its serial is stable, so the guest finds it as
 * `/dev/disk/by-id/virtio-data-NAME` whatever other drives it has. No name in the file's header is ever followed.
 */
export function dataDiskArguments(spec: DriveSpec, file: string, name: string): string[] {
  const node = {
    driver: "qcow2",
    "node-name": "data0",
    backing: null,
    // What the guest frees is given back to the host.
    discard: "unmap",
    file: { driver: "file", filename: file, discard: "unmap" },
  };
  return [
    ...["-blockdev", JSON.stringify(node)],
    ...diskArguments(spec, 1, { node: "data0", serial: dataDiskSerial(name) }),
  ];
}

/** Truncated for long names. */
export function dataDiskSerial(name: string): string {
  return `data-${name}`.slice(0, SERIAL_BYTES);
}
