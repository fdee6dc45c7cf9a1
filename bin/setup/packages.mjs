import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./command.mjs";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";

/** Needed for machines. Without them `npm start` works with the demo desktop. */
export const RUN_PACKAGES = [
  "qemu-system-x86",
  "qemu-utils",
  "ovmf",
  "swtpm",
  "memtest86+",
  "debian-installer-12-netboot-amd64",
  "iproute2",
  "nftables",
  "slirp4netns",
];

/** Also needed by the tests: real viewers, a real VNC server, a browser, a virtual display, a database, a directory. */
export const TEST_PACKAGES = [
  ...RUN_PACKAGES,
  "qemu-system-arm",
  "qemu-efi-aarch64",
  "qemu-guest-agent",
  "tigervnc-viewer",
  "tigervnc-standalone-server",
  "tigervnc-tools",
  "xtightvncviewer",
  "vncsnapshot",
  "ssvnc",
  "stunnel4",
  "x11vnc",
  "haproxy",
  "chromium",
  "xclip",
  "xdotool",
  "xvfb",
  "x11-utils",
  "x11-apps",
  "xterm",
  "xauth",
  "zsh",
  "fish",
  "imagemagick",
  "postgresql",
  "tinyproxy-bin",
  "dovecot-imapd",
  "dovecot-submissiond",
  "nginx-light",
  "slapd",
  "procps",
  "strace",
  "tcpdump",
  "fonts-dejavu-core",
  "openssl",
  "python3",
  "busybox-static",
  "linux-image-cloud-amd64",
  "util-linux",
];

/** Only for the long tests: viewers of other makers with windows, and the session bus that they want. */
export const VIEWER_PACKAGES = [
  "dbus-daemon",
  "gnome-connections",
  "gvncviewer",
  "krdc",
  "remmina",
  "remmina-plugin-vnc",
  "xrdp",
  "freerdp2-x11",
  "vinagre",
  "virt-viewer",
];

/** Only for the long tests: what `postern image build` runs, kernels with VFIO and with 9p, packers, and DARTS's downloads. */
export const BUILD_PACKAGES = [
  "mmdebstrap",
  "fdisk",
  "mtools",
  "e2fsprogs",
  "syslinux",
  "syslinux-common",
  "systemd-boot-efi",
  "ovmf",
  "cpio",
  "wget",
  "linux-image-cloud-amd64",
  "linux-image-amd64",
];

/** Only for the long test of boot scripts by virt-customize, in addition to the kernel above. */
export const CUSTOMIZE_PACKAGES = ["libguestfs-tools", "e2fsprogs"];

const APT_ENV = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" };
const FRESH_MS = 24 * 60 * 60 * 1000;
const APT_OPTIONS = ["-y", "-q", "-o", "DPkg::Lock::Timeout=300"];

/** The packages of `wanted` that are not installed according to dpkg-query's lines "NAME<tab>STATUS". */
export function listMissing(wanted, queryOutput) {
  const installed = new Set();
  for (const line of queryOutput.split("\n")) {
    const [name, status] = line.split("\t");
    if (status === "installed") installed.add(name);
  }
  return wanted.filter((name) => !installed.has(name));
}

/** Missing packages of `wanted`; undefined on systems without dpkg. */
export async function findMissing(wanted) {
  const format = "-f=${Package}\\t${db:Status-Status}\\n";
  const { code, output } = await runCommand("dpkg-query", ["-W", format, ...wanted], { env: APT_ENV });
  return code === 127 ? undefined : listMissing(wanted, output);
}

/** The packages of `wanted` that `apt-cache policy` lists a version of. */
export function listOffered(wanted, policyOutput) {
  const offered = new Set();
  for (const [, name, candidate] of policyOutput.matchAll(/^(\S+):\n.*\n\s+Candidate: (\S+)$/gm)) {
    if (candidate !== "(none)") offered.add(name);
  }
  return wanted.filter((name) => offered.has(name));
}

export function installCommand(names) {
  return `sudo apt-get install --no-install-recommends ${names.join(" ")}`;
}

async function findOffered(names) {
  const { output } = await runCommand("apt-cache", ["policy", ...names], { env: APT_ENV });
  return listOffered(names, output);
}

async function updateLists(note, stamp) {
  await runCommand("apt-get", ["update", ...APT_OPTIONS], { env: APT_ENV, note });
  await mkdir(path.dirname(stamp), { recursive: true });
  await writeFile(stamp, "");
}

/** Whether the lists were updated recently, so that an unavailable package does not delay every start. */
async function areListsFresh(stamp) {
  const found = await stat(stamp).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < FRESH_MS;
}

async function haveLists() {
  const names = await readdir("/var/lib/apt/lists").catch(() => []);
  return names.some((name) => name.includes("_Packages"));
}

/** Installs what it can as root and returns the packages that are still missing, with apt's last output. */
async function installAsRoot(missing, note, stamp) {
  let updated = !(await haveLists());
  if (updated) await updateLists(note, stamp);
  let words = "";
  for (;;) {
    const offered = await findOffered(missing);
    if (offered.length > 0) {
      const args = ["install", ...APT_OPTIONS, "--no-install-recommends", ...offered];
      words = (await runCommand("apt-get", args, { env: APT_ENV, note })).output;
    }
    const left = (await findMissing(missing)) ?? missing;
    if (left.length === 0 || updated) return { left, words };
    if (left.every((name) => !offered.includes(name)) && (await areListsFresh(stamp))) return { left, words };
    // Outdated lists name versions that the mirror no longer has: update them, and try once more.
    updated = true;
    await updateLists(note, stamp);
  }
}

/**
 * Installs missing Debian packages. `need` says what they are for. `required` decides whether a missing one
 * ends the command or is only reported. Returns the names that are still missing.
 */
export async function installPackages(progress, wish) {
  const { wanted, need, required, isRoot = process.getuid?.() === 0 } = wish;
  const stamp = wish.updatedStamp ?? inRoot("dist/.apt-updated");
  const title = "Debian packages";
  const missing = await findMissing(wanted);
  if (missing?.length === 0) {
    progress.skip(title, "in place");
    return [];
  }
  if (missing === undefined) {
    const why = `This is not a Debian system, so nothing was installed. ${need}: ${wanted.join(" ")}`;
    return reportMissing(progress, title, { why, left: wanted, required });
  }
  if (!isRoot) {
    const why = `${need}. Installing them needs root, so please run:\n  ${installCommand(missing)}`;
    return reportMissing(progress, title, { why, left: missing, required });
  }
  const work = (note) => installAsRoot(missing, note, stamp);
  const { left, words } = await progress.step(`${title} (${missing.length} to install)`, work);
  if (left.length === 0) return [];
  const why = `${need}. apt-get could not install: ${left.join(" ")}. Try it by hand:\n  ${installCommand(left)}`;
  return reportMissing(progress, title, { why, left, required, words });
}

function reportMissing(progress, title, { why, left, required, words = "" }) {
  if (required) throw new Problem(`${title}: ${why}`, words);
  progress.warn(title, why);
  return left;
}
