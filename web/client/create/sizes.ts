import type { Image } from "../../api/schemas.ts";

export type MachineSizeName = "small" | "medium" | "large";

export interface MachineSize {
  readonly name: MachineSizeName;
  readonly cpus: number;
  readonly memoryMb: number;
  /** The size that the image recommends. */
  readonly recommended: boolean;
}

type ImageRequirements = Pick<Image, "cpus" | "memoryMb">;

/**
 * Three sizes of an image, each larger than the one before and none below its minimum. If the recommended
 * size is the minimum, it is the small one.
 */
export function deriveMachineSizes({
  cpus,
  memoryMb,
}: ImageRequirements): readonly [MachineSize, MachineSize, MachineSize] {
  const suggested = {
    cpus: Math.max(cpus.default, cpus.min),
    memoryMb: Math.max(memoryMb.default, memoryMb.min),
  };
  const times = (factor: number) => ({
    cpus: suggested.cpus * factor,
    memoryMb: suggested.memoryMb * factor,
  });
  if (suggested.cpus === cpus.min && suggested.memoryMb === memoryMb.min) {
    return [
      { name: "small", ...suggested, recommended: true },
      { name: "medium", ...times(2), recommended: false },
      { name: "large", ...times(4), recommended: false },
    ];
  }
  return [
    { name: "small", cpus: cpus.min, memoryMb: memoryMb.min, recommended: false },
    { name: "medium", ...suggested, recommended: true },
    { name: "large", ...times(2), recommended: false },
  ];
}

export interface CustomSizeInput {
  readonly cpus: string;
  readonly memoryMb: string;
  readonly name: string;
}

export type CustomSizeFault = "cpus" | "memory" | "name";

function parseWholeNumber(text: string): number {
  return /^\d{1,7}$/.test(text.trim()) ? Number(text.trim()) : NaN;
}

/** The invalid fields of a custom size; empty if all are valid. The limits are the API's and the image's. */
export function checkCustomSize(
  order: CustomSizeInput,
  needs: ImageRequirements,
): readonly CustomSizeFault[] {
  const faults: CustomSizeFault[] = [];
  const cpus = parseWholeNumber(order.cpus);
  const memoryMb = parseWholeNumber(order.memoryMb);
  if (!(cpus >= needs.cpus.min && cpus <= 256)) faults.push("cpus");
  if (!(memoryMb >= needs.memoryMb.min && memoryMb <= 4_194_304)) faults.push("memory");
  const name = order.name.trim();
  if (name.length > 64 || /[\p{Cc}/]/u.test(name)) faults.push("name");
  return faults;
}
