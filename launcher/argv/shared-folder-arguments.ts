import { jsonArgument, escapeValue } from "../model/argument-syntax.ts";

interface SharedFolder {
  readonly tag: string;
  readonly folder: string;
  readonly writable: boolean;
}

/**
 * A folder of the host by 9p. Owners and modes that the guest sets are stored as attributes, not applied on the host.
 * @param index makes the ids of several shares unique
 */
export function share9pArguments(share: SharedFolder, index: number): string[] {
  const id = `share${index}`;
  const words = [
    `local,id=${id},path=${escapeValue(share.folder)},security_model=mapped-xattr`,
    ...(share.writable ? [] : ["readonly=on"]),
  ];
  return [
    ...["-fsdev", words.join(",")],
    ...["-device", jsonArgument({ driver: "virtio-9p-pci", fsdev: id, mount_tag: share.tag })],
  ];
}

/** A folder of the host by a virtiofsd that listens on `socket`. */
export function shareVirtiofsArguments(tag: string, socket: string, index: number): string[] {
  const id = `share${index}`;
  return [
    ...["-chardev", `socket,id=${id},path=${escapeValue(socket)}`],
    ...["-device", jsonArgument({ driver: "vhost-user-fs-pci", chardev: id, tag })],
  ];
}

/** virtiofsd in the foreground, confined to the folder that it serves. */
export function virtiofsdArguments(
  folder: string,
  socket: string,
  sandbox: "namespace" | "chroot",
): string[] {
  return [
    "-f",
    `--socket-path=${socket}`,
    "-o",
    `source=${folder.replaceAll(",", "\\,")}`,
    "-o",
    `sandbox=${sandbox}`,
    // The guest's root must not create device nodes on the host.
    ...["-o", "modcaps=-mknod"],
  ];
}
