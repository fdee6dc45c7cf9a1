import { writeIso } from "./iso9660.ts";

/** The name by which cloud-init finds its disk. */
const VOLUME = "CIDATA";

/** cloud-init's NoCloud disk for one machine. */
export function writeSeed(
  machine: { readonly id: string; readonly name: string },
  scripts: readonly string[],
): Buffer {
  return writeIso(VOLUME, [
    { name: "meta-data", data: Buffer.from(writeMetaData(machine.id, hostnameOf(machine.name))) },
    { name: "user-data", data: Buffer.from(writeUserData(scripts)) },
  ]);
}

const BOUNDARY = "==postern==";

/**
 * Scripts for cloud-init, in the order they run, once for the machine.
 * @see https://cloudinit.readthedocs.io/en/22.4.2/topics/format.html#mime-multi-part-archive
 */
export function writeUserData(scripts: readonly string[]): string {
  const parts = scripts.map((script, index) =>
    [
      `--${BOUNDARY}`,
      'Content-Type: text/x-shellscript; charset="utf-8"',
      "MIME-Version: 1.0",
      "Content-Transfer-Encoding: base64",
      `Content-Disposition: attachment; filename="postern-${String(index + 1).padStart(2, "0")}"`,
      "",
      // No line of base64 begins with a hyphen: the boundary cannot occur in it.
      ...(Buffer.from(script)
        .toString("base64")
        .match(/.{1,76}/g) ?? []),
    ].join("\n"),
  );
  const head = `Content-Type: multipart/mixed; boundary="${BOUNDARY}"\nMIME-Version: 1.0\n\n`;
  return `${head}${parts.join("\n")}\n--${BOUNDARY}--\n`;
}

/** JSON is YAML too. The instance is the machine: scripts run once, however often it starts. */
export function writeMetaData(instance: string, hostname: string): string {
  return `${JSON.stringify({ "instance-id": instance, "local-hostname": hostname })}\n`;
}

/** A name as a computer may have it: letters, digits and hyphens. */
export function hostnameOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, "");
  return plain === "" ? "machine" : plain;
}
