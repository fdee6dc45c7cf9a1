// Folders of the host, mounted by a Linux in a machine: what it reads, what it may write, and that it does not get out.
import { chmod, chown, lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findProcesses } from "../../launcher/system/proc-stat.ts";
import { LauncherFixture } from "../contract/launcher/launcher-fixture.ts";
import { buildModuleGuest } from "../support/guest/module-guest.ts";
import { makeSystemAccount } from "../support/system-account.ts";
import { waitFor } from "../support/wait-for.ts";

const MODULES = ["virtio_pci", "9pnet_virtio", "9p", "virtiofs"];
const SECRET = "nobody-shall-read-this";
const TAGS = ["course", "drop", "fast"] as const;
type Said = Record<(typeof TAGS)[number], string[]>;

/** What the guest tries in each folder, and to mount what lies above one. */
const SCRIPT = `
try() { name=$1; shift; "$@" >/dev/null 2>&1 && echo "$name done" || echo "$name refused"; }
visit() {
  mkdir /$1; mount -t $2 $1 /$1 || echo "$1 not mounted"
  cd /$1
  echo "$1 says $(cat letter)"
  try "$1 write" sh -c 'echo from the guest > answer'
  try "$1 append" sh -c 'echo scribble >> letter'
  try "$1 remove" rm doomed
  try "$1 link" ln -s ../../secret/file made
  try "$1 chown" chown 1234:1234 answer
  try "$1 chmod" chmod 4755 answer
  try "$1 device" mknod disk b 8 0
  for way in absolute relative made ../../secret/file ../secret/file; do cat $way; done 2>/dev/null
  cd /
}
visit course "9p -o trans=virtio"
visit drop "9p -o trans=virtio"
visit fast virtiofs
mkdir /up
for above in .. ../.. /; do
  mount -t 9p -o trans=virtio,aname=$above drop /up && cat /up/file /up/secret/file && umount /up
done 2>/dev/null
`;
const ATTEMPTS = ["write", "append", "remove", "link", "chown", "chmod", "device"];

let launcherFixture: LauncherFixture;
beforeEach(async () => {
  launcherFixture = await LauncherFixture.make();
  // Somewhere on the way an account may pass.
  await chmod(launcherFixture.folder, 0o711);
});
afterEach(() => launcherFixture.close());

const at = (...names: string[]): string => join(launcherFixture.folder, ...names);
/** What virtiofs shares lies where only root comes. */
const folderOf = (tag: string): string => (tag === "fast" ? at("private", tag) : at("shared", tag));

/** Folders to share, beside one that is not. */
async function fillFolders(uid: number): Promise<void> {
  await mkdir(at("secret"));
  await writeFile(at("secret", "file"), SECRET);
  await mkdir(at("private"), { mode: 0o700 });
  for (const tag of TAGS) {
    const folder = folderOf(tag);
    await mkdir(folder, { recursive: true });
    for (const name of ["letter", "doomed"]) await writeFile(join(folder, name), `hello ${tag}`);
    await symlink(at("secret", "file"), join(folder, "absolute"));
    await symlink("../../secret/file", join(folder, "relative"));
  }
  // What is shared by 9p, QEMU's account must be able to write by itself.
  for (const place of [folderOf("drop"), join(folderOf("drop"), "letter")]) await chown(place, uid, uid);
}

/** Boots the guest with the three folders, and gives what it said of each. */
async function runGuest(vmUser: string): Promise<Said> {
  const { kernel, initrd } = await buildModuleGuest(launcherFixture.folder, MODULES, SCRIPT);
  await chmod(initrd, 0o644);
  const share = (tag: string, more: object) => ({ tag, folder: folderOf(tag), ...more });
  const image = {
    ...{ id: "linux", memoryMb: { default: 256, min: 16 } },
    boot: { kind: "kernel", kernel, initrd, cmdline: "console=ttyS0 quiet panic=-1" },
    shares: [
      share("course", {}),
      share("drop", { writable: true }),
      share("fast", { kind: "virtiofs", writable: true }),
    ],
  };
  const launcher = await launcherFixture.openWith([image], {
    allowedShares: [at("shared"), at("private")],
    vmUser,
  });
  await launcher.create({ id: "m1", name: "one", image: "linux" });
  await waitFor("virtiofsd to see no other folder", seesNothingElse, { timeoutMs: 30_000 });
  const said = await launcherFixture.waitForSerial(launcher, "m1", /GUEST-DONE/, 150_000);
  await launcherFixture.waitForState(launcher, "m1", "stopped");
  expect(said).not.toContain(SECRET);
  const linesOf = (tag: string): string[] =>
    [...said.matchAll(new RegExp(`^${tag} (.*?)\r?$`, "gm"))].map(([, words = ""]) => words);
  return { course: linesOf("course"), drop: linesOf("drop"), fast: linesOf("fast") };
}

/** Whether the virtiofsd that talks with the guest has the shared folder for its root. */
async function seesNothingElse(): Promise<boolean> {
  const source = folderOf("fast");
  const daemons = findProcesses((line) => line.includes("virtiofsd") && line.includes(source));
  const roots = await Promise.all(daemons.map(({ pid }) => readdir(`/proc/${pid}/root/`)));
  return roots.some((names) => names.includes("letter") && !names.includes("proc"));
}

test.each(["root without its rights", "an account"])(
  "a guest mounts folders; QEMU is %s",
  async (who) => {
    const user = who === "an account" ? (await makeSystemAccount(launcherFixture.cleanup)).user : "root";
    const uid = user === "root" ? 0 : await uidOf(user);
    await fillFolders(uid);
    const { course, drop, fast } = await runGuest(user);

    expect(course).toEqual(["says hello course", ...ATTEMPTS.map((name) => `${name} refused`)]);
    expect(await readdir(folderOf("course"))).toEqual(["absolute", "doomed", "letter", "relative"]);
    expect(await readFile(join(folderOf("course"), "letter"), "utf8")).toBe("hello course");

    // Owners, modes, links and devices by 9p are notes beside plain files of QEMU's.
    expect(drop).toEqual(["says hello drop", ...ATTEMPTS.map((name) => `${name} done`)]);
    expect(await readFile(join(folderOf("drop"), "answer"), "utf8")).toBe("from the guest\n");
    expect(await readFile(join(folderOf("drop"), "letter"), "utf8")).toBe("hello dropscribble\n");
    for (const name of ["answer", "made", "disk"]) {
      const found = await lstat(join(folderOf("drop"), name));
      expect({ name, plain: found.isFile(), uid: found.uid, mode: found.mode & 0o7777 }).toEqual({
        ...{ name, plain: true, uid, mode: 0o600 },
      });
    }

    // By virtiofs they are true on the host, devices apart.
    expect(fast).toEqual([
      "says hello fast",
      ...ATTEMPTS.map((name) => `${name} ${name === "device" ? "refused" : "done"}`),
    ]);
    expect(await readFile(join(folderOf("fast"), "answer"), "utf8")).toBe("from the guest\n");
    expect(await lstat(join(folderOf("fast"), "answer"))).toMatchObject({ uid: 1234, gid: 1234 });
    expect((await lstat(join(folderOf("fast"), "made"))).isSymbolicLink()).toBe(true);
    expect((await readdir(folderOf("fast"))).includes("disk")).toBe(false);
  },
  240_000,
);

async function uidOf(user: string): Promise<number> {
  const passwd = await readFile("/etc/passwd", "utf8");
  return Number(
    passwd
      .split("\n")
      .find((line) => line.startsWith(`${user}:`))!
      .split(":")[2],
  );
}
