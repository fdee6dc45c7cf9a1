import { describe, expect, test } from "vitest";
import { findMirrors, listSources } from "../../../../../launcher/images/build/apt-sources.ts";
import { listGuestFiles } from "../../../../../launcher/images/build/guest-files.ts";
import { describePartitions, planDiskLayout } from "../../../../../launcher/images/build/disk-layout.ts";
import { readRecipe, recipeSchema, RECIPES } from "../../../../../launcher/images/build/recipe.ts";
import { describeBuiltImage } from "../../../../../launcher/images/build/build-image.ts";
import {
  listBootLoaderFiles,
  listBuildSteps,
  type BuildInputs,
} from "../../../../../launcher/images/build/build-steps.ts";

const debian = await readRecipe("debian-desktop");
const ids = { disk: "d-id", esp: "e-id", root: "r-id" };

function inputs(changes: Partial<BuildInputs> = {}): BuildInputs {
  const layout = planDiskLayout(4);
  return {
    ...{
      recipe: debian,
      packages: ["gimp", "xterm"],
      sources: ["deb http://x/debian bookworm main"],
      layout,
    },
    ...{ partitions: describePartitions(layout, ids), rootFileSystemId: "fs-id", isRoot: true },
    ...{ kernelArguments: "root=PARTUUID=r-id ro", workDir: "/srv/it's here/w" },
    ...changes,
  };
}

describe("recipes", () => {
  test.each(RECIPES)("%s is one, and makes a catalogue entry", async (name) => {
    const read = await readRecipe(name);
    const entry = describeBuiltImage(read, "mine", 8, "/images/mine.qcow2");
    expect(entry).toMatchObject({ id: "mine", diskGb: { default: 8, min: 8 }, firmware: { kind: "uefi" } });
  });

  test.each<[string, object]>([
    ["a package that is an option", { packages: ["--allow-unauthenticated"] }],
    ["a package with a comma", { packages: ["a,b"] }],
    ["a file above the tree", { files: [{ path: "/etc/../../x", lines: [] }] }],
    ["a relative file", { files: [{ path: "etc/x", lines: [] }] }],
    ["a line that is two", { script: ["true\nfalse"] }],
    ["an unknown key", { hooks: [] }],
    ["a suite with a space", { suite: "bookworm main" }],
    ["kernel arguments with a line break", { kernelArguments: "a\nb" }],
  ])("%s is refused", (_what, changes) => {
    expect(recipeSchema.safeParse({ ...debian, ...changes }).success).toBe(false);
  });

  test("a file that is none says so, and lists what there is", async () => {
    await expect(readRecipe("/nowhere/x.json")).rejects.toMatchObject({ code: "RECIPE_UNREADABLE" });
    await expect(readRecipe("/nowhere/x.json")).rejects.toThrow(/debian-desktop/);
  });
});

describe("sources", () => {
  test("the host's own mirrors, of either kind of file", () => {
    const text =
      "# deb http://old.example/debian\ndeb [arch=amd64] https://m.example/debian/ bookworm main\n";
    expect(findMirrors([text]).archive).toBe("https://m.example/debian");
    const deb822 = "Types: deb\nURIs: http://m.example/debian-security\nSuites: bookworm-security\n";
    expect(findMirrors([deb822])).toEqual({
      archive: "http://deb.debian.org/debian",
      security: "http://m.example/debian-security",
    });
  });

  test("a comment names no mirror", () => {
    expect(findMirrors(["# deb http://old.example/debian bookworm main\n"]).archive).toContain(
      "deb.debian.org",
    );
  });

  test("a release has updates and security, sid has neither", () => {
    const mirrors = { archive: "http://a/debian", security: "http://a/debian-security" };
    expect(listSources("bookworm", ["main"], mirrors)).toHaveLength(3);
    expect(listSources("sid", ["main", "contrib"], mirrors)).toEqual([
      "deb http://a/debian sid main contrib",
    ]);
  });
});

test("the disk: firmware's partition, then the root to the end less the second table", () => {
  const layout = planDiskLayout(4);
  expect(layout.rootOffset + layout.rootBytes).toBe(4 * 2 ** 30 - 2 ** 20);
  const text = describePartitions(layout, ids);
  expect(text).toContain("start=2048, size=1048576, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=e-id");
  expect(text).toContain(
    `start=1050624, size=${layout.rootBytes / 512}, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709`,
  );
});

describe("steps", () => {
  test("each package once, and the administrator's words stay words", () => {
    const [bootstrap] = listBuildSteps(inputs());
    expect(bootstrap?.program).toBe("mmdebstrap");
    const include = bootstrap?.args
      .find((arg) => arg.startsWith("--include="))
      ?.slice(10)
      .split(",");
    expect(include).toContain("gimp");
    expect(include?.filter((name) => name === "xterm")).toHaveLength(1);
    expect(bootstrap?.args).toContain(`--essential-hook=sync-in '/srv/it'\\''s here/w/overlay' /`);
    expect(bootstrap?.args).toContain("--mode=root");
  });

  test("nothing is mounted, and no loop device is used", () => {
    const words = listBuildSteps(inputs()).map(({ program, args }) => [program, ...args].join(" "));
    expect(words.join("\n")).not.toMatch(/\b(mount|losetup|kpartx|qemu-nbd|guestfish)\b/);
  });

  test("without root the tree belongs to a range of ids, in each step that touches it", () => {
    const steps = listBuildSteps(inputs({ isRoot: false }));
    expect(steps[0]?.args).toContain("--mode=unshare");
    const root = steps.find(({ title }) => title === "Make the file system");
    expect([root?.program, ...(root?.args ?? [])].slice(0, 3)).toEqual([
      "mmdebstrap",
      "--unshare-helper",
      "sh",
    ]);
  });

  test("both boot programs start the same kernel with the same words", () => {
    const files = listBootLoaderFiles("Title", "root=X quiet");
    expect(files["linux.conf"]).toBe(
      "title Title\nlinux /vmlinuz\ninitrd /initrd.img\noptions root=X quiet\n",
    );
    expect(files["syslinux.cfg"]).toContain("LINUX /vmlinuz\n  INITRD /initrd.img\n  APPEND root=X quiet\n");
  });
});

describe("files of the image", () => {
  const choices = {
    user: "ann",
    passwordHash: "$6$salt$hash",
    keyboard: "fr",
    espId: "e-id",
    rootId: "r-id",
  };
  const files = listGuestFiles(debian, { ...choices, sources: ["deb http://a/debian bookworm main"] });
  const read = (path: string) => files.find((file) => file.path === path);

  test("the hash is in one file, for root only, that the set-up takes away", () => {
    const holders = files.filter(({ text }) => text.includes("$6$salt$hash"));
    expect(holders.map(({ mode }) => mode)).toEqual([0o600]);
    expect(holders[0]?.text).toBe("ann:$6$salt$hash\n");
    const setUp = read("/root/.set-up")?.text;
    expect(setUp).toContain(
      `chpasswd --encrypted < ${holders[0]?.path ?? "?"}\nrm -f ${holders[0]?.path ?? "?"}\n`,
    );
  });

  test("user, keyboard, partitions, hostname", () => {
    expect(read("/root/.set-up")?.text).toContain(
      "useradd --create-home --shell /bin/bash --groups sudo ann\n",
    );
    expect(read("/etc/default/keyboard")?.text).toContain('XKBLAYOUT="fr"\n');
    expect(read("/etc/fstab")?.text).toMatch(/^PARTUUID=r-id \/ ext4 .*\nPARTUUID=e-id \/boot\/efi vfat /);
    expect(read("/etc/hostname")?.text).toBe("desktop\n");
  });

  test("the recipe's script runs inside, after the user is there", () => {
    const setUp = read("/root/.set-up")?.text ?? "";
    expect(setUp.indexOf("systemctl enable")).toBeGreaterThan(setUp.indexOf("useradd"));
  });
});
