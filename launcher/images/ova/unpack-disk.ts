import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { FileBytes } from "../formats/image-bytes.ts";
import { findDiskFile } from "./ovf.ts";
import { invalidOva, listTarMembers, type TarMember } from "./tar.ts";

const MAX_DESCRIPTOR = 1024 * 1024;

/**
 * Copies the disk of an OVA into a new file.
 * @param target must not exist
 * @throws LaunchError `OVA_INVALID`; the signal's reason
 */
export async function unpackDisk(
  ova: string,
  target: string,
  options: { readonly signal: AbortSignal; readonly onFraction: (fraction: number) => void },
): Promise<void> {
  const disk = await findDisk(ova);
  let copied = 0;
  const source = createReadStream(ova, {
    start: disk.offset,
    end: disk.offset + disk.size - 1,
    signal: options.signal,
  });
  source.on("data", (chunk) => {
    copied += chunk.length;
    options.onFraction(copied / disk.size);
  });
  await pipeline(source, createWriteStream(target, { flags: "wx", mode: 0o600 }), { signal: options.signal });
}

async function findDisk(ova: string): Promise<TarMember> {
  const bytes = await FileBytes.open(ova);
  if (bytes === null) throw invalidOva("it is not an ordinary file");
  try {
    const members = await listTarMembers(bytes);
    const descriptors = members.filter(({ name }) => name.toLowerCase().endsWith(".ovf"));
    const [descriptor] = descriptors;
    if (descriptor === undefined || descriptors.length > 1)
      throw invalidOva("it has not exactly one descriptor");
    if (descriptor.size > MAX_DESCRIPTOR) throw invalidOva("its descriptor is too long");
    const name = findDiskFile((await bytes.read(descriptor.offset, descriptor.size)).toString("utf8"));
    const disk = members.find((member) => member.name === name);
    if (disk === undefined || disk.size === 0)
      throw invalidOva(`its descriptor names "${name}", which is not in it`);
    return disk;
  } finally {
    await bytes.close();
  }
}
