import type { Architecture } from "../../protocol/index.ts";
import type { MachinePaths } from "../model/machine-paths.ts";
import { escapeValue, jsonArgument } from "../model/argument-syntax.ts";

/** QMP for the launcher, a serial port with a log, a channel to the guest agent; no interactive monitor. */
export function channelArguments(arch: Architecture, paths: MachinePaths): string[] {
  const log = `logfile=${escapeValue(paths.serialLog)},logappend=on`;
  return [
    ...["-chardev", listeningSocket("qmp0", paths.qmpSocket)],
    ...["-mon", "chardev=qmp0,mode=control"],
    ...["-chardev", `${listeningSocket("serial0", paths.serialSocket)},${log}`],
    // The board's own port on ARM, a card's on x86.
    ...(arch === "x86_64"
      ? ["-device", jsonArgument({ driver: "isa-serial", chardev: "serial0" })]
      : ["-serial", "chardev:serial0"]),
    ...["-device", jsonArgument({ driver: "virtio-serial-pci", id: "ports0" })],
    ...["-chardev", listeningSocket("agent0", paths.guestAgentSocket)],
    ...[
      "-device",
      jsonArgument({
        driver: "virtserialport",
        bus: "ports0.0",
        nr: 1,
        chardev: "agent0",
        name: "org.qemu.guest_agent.0",
      }),
    ],
    ...[
      "-device",
      jsonArgument({ driver: "virtio-balloon-pci", "free-page-reporting": true, "deflate-on-oom": true }),
    ],
  ];
}

function listeningSocket(id: string, path: string): string {
  return `socket,id=${id},path=${escapeValue(path)},server=on,wait=off`;
}
