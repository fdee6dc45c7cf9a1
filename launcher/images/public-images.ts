import { join } from "node:path";
import { imageCatalogue, type ImageEntry } from "../../protocol/index.ts";

const UNVERIFIED =
  "The publisher's address as it was written down; nobody has tried it here. Check the file yourself.";

/**
 * Well-known public images. Publishers replace these files, so there is no checksum: `image download` takes one as an
 * option.
 * @param folder where a download puts the file
 */
export function listPublicImages(folder: string): readonly ImageEntry[] {
  const file = (name: string): string => join(folder, name);
  const disk = (name: string) => ({ kind: "disk", format: "qcow2", file: file(name) });
  const cloud = {
    memoryMb: { default: 1024, min: 512 },
    cpus: { default: 1, min: 1 },
    diskGb: { default: 10, min: 4 },
    display: "virtio",
    network: "internet",
    script: "cloud-init",
  };
  const live = { memoryMb: { default: 1024, min: 256 }, cpus: { default: 1, min: 1 }, network: "internet" };
  return imageCatalogue.parse({
    images: [
      {
        id: "debian-cloud",
        title: "Debian 12 cloud image",
        ...cloud,
        boot: disk("debian-cloud.qcow2"),
        description: "Debian's generic cloud image: a text console, set up by cloud-init.",
        source: {
          url: "https://cloud.debian.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2",
          note: UNVERIFIED,
        },
      },
      {
        id: "ubuntu-cloud",
        title: "Ubuntu 24.04 cloud image",
        ...cloud,
        boot: disk("ubuntu-cloud.qcow2"),
        description: "Ubuntu's cloud image: a text console, set up by cloud-init.",
        source: {
          url: "https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img",
          note: UNVERIFIED,
        },
      },
      {
        id: "alpine",
        title: "Alpine Linux, virtual",
        ...live,
        description: "A small system that runs from its ISO: a text console; log in as root.",
        boot: { kind: "iso", file: file("alpine.iso") },
        source: {
          url: "https://dl-cdn.alpinelinux.org/alpine/v3.20/releases/x86_64/alpine-virt-3.20.3-x86_64.iso",
          note: UNVERIFIED,
        },
      },
      {
        id: "tiny-core",
        title: "Tiny Core Linux",
        ...live,
        description: "A graphical desktop in 24 MB that runs from its ISO.",
        boot: { kind: "iso", file: file("tiny-core.iso") },
        source: {
          url: "http://tinycorelinux.net/15.x/x86/release/TinyCore-current.iso",
          note: `${UNVERIFIED} The publisher offers no HTTPS.`,
        },
      },
      {
        id: "slax",
        title: "Slax",
        ...live,
        description: "A graphical Debian that runs from its ISO.",
        boot: { kind: "iso", file: file("slax.iso") },
        source: {
          url: "https://ftp.fi.muni.cz/pub/linux/slax/Slax-12.x/slax-64bit-debian-12.2.0.iso",
          note: `${UNVERIFIED} slax.org leads to this mirror.`,
        },
      },
    ],
  }).images;
}
