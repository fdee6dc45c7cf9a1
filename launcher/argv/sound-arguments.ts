import { jsonArgument } from "../model/argument-syntax.ts";
import type { MachineSpec } from "../model/machine-spec.ts";

/** QEMU's name for where the sound of a machine goes. */
export const SOUND_BACKEND = "sound0";

/** The sound card. Nothing is played on the host: viewers that know QEMU's audio messages hear it. */
export function soundArguments({ hardware }: Pick<MachineSpec, "hardware">): string[] {
  const audiodev = SOUND_BACKEND;
  const cards = {
    none: [],
    hda: [
      { driver: hardware.board === "pc" ? "intel-hda" : "ich9-intel-hda", id: "hda0" },
      { driver: "hda-duplex", bus: "hda0.0", audiodev },
    ],
    ac97: [{ driver: "AC97", audiodev }],
    sb16: [{ driver: "sb16", audiodev }],
  }[hardware.sound];
  if (cards.length === 0) return [];
  return [
    ...["-audiodev", `none,id=${audiodev}`],
    ...cards.flatMap((card) => ["-device", jsonArgument(card)]),
  ];
}
