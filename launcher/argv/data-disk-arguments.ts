/** Limit of virtio-blk. */
const SERIAL_BYTES = 20;

/**
 * A second drive for QEMU. Its serial is stable, so the guest finds it as `/dev/disk/by-id/virtio-data-NAME` whatever
 * other drives it has. No name in the file's header is ever followed.
 */
export function dataDiskArguments(file: string, name: string): string[] {
  const node = {
    driver: "qcow2",
    "node-name": "data0",
    backing: null,
    // What the guest frees is given back to the host.
    discard: "unmap",
    file: { driver: "file", filename: file, discard: "unmap" },
  };
  const device = { driver: "virtio-blk-pci", drive: "data0", serial: dataDiskSerial(name) };
  return ["-blockdev", JSON.stringify(node), "-device", JSON.stringify(device)];
}

/** Truncated for long names. */
export function dataDiskSerial(name: string): string {
  return `data-${name}`.slice(0, SERIAL_BYTES);
}
