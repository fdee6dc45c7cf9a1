import type { Architecture } from "../../protocol/index.ts";
import { escapeValue, jsonArgument } from "../model/argument-syntax.ts";

/** A TPM 2 that a swtpm emulates which listens on `socket`. */
export function tpmArguments(arch: Architecture, socket: string): string[] {
  return [
    ...["-chardev", `socket,id=tpm0,path=${escapeValue(socket)}`],
    ...["-tpmdev", "emulator,id=tpm0,chardev=tpm0"],
    ...[
      "-device",
      jsonArgument({ driver: arch === "x86_64" ? "tpm-crb" : "tpm-tis-device", tpmdev: "tpm0" }),
    ],
  ];
}

/** swtpm for one machine: it ends when QEMU disconnects. */
export function swtpmArguments(folder: string, socket: string): string[] {
  return [
    ...["socket", "--tpm2", "--terminate"],
    ...["--tpmstate", `dir=${escapeValue(folder)},mode=0600`],
    ...["--ctrl", `type=unixio,path=${escapeValue(socket)},mode=0600`],
  ];
}
