/** How far `qemu-img -p` says to be, 0 to 1; undefined: this piece of its output says nothing. */
export function readQemuImgProgress(output: string): number | undefined {
  const [, percent] = [...output.matchAll(/\((\d+\.\d+)\/100%\)/g)].at(-1) ?? [];
  return percent === undefined ? undefined : Number(percent) / 100;
}
