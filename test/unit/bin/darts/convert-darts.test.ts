import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { convertDarts, type DartsConversion } from "../../../../bin/darts/convert-darts.ts";
import { openDartsHost, type DartsHost } from "../../../../bin/darts/darts-host.ts";
import { readMachinesConf } from "../../../../bin/darts/machines-conf.ts";
import { SETTING_CONVERSIONS } from "../../../../bin/darts/darts-settings.ts";
import { imageCatalogue } from "../../../../protocol/index.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";
import { FakeKernel, type FakePciHost } from "../../../support/fake-kernel.ts";
import { GT_1030_PAIR } from "../../../support/gpu-hosts.ts";

/** A machine of eight processors whose images nobody has downloaded yet. */
const HOST: DartsHost = {
  cpus: 8,
  memoryMb: 32_768,
  listGpus: () => Promise.resolve([]),
  isFolder: () => Promise.resolve(true),
  isThere: () => true,
  lookAtImage: () => Promise.resolve({ kind: "missing" }),
};

function convert(machines: string, config = "", host: Partial<DartsHost> = {}): Promise<DartsConversion> {
  return convertDarts(readMachinesConf(machines), { ...HOST, ...host }, readConfigPl(config));
}

describe("machines of DARTS", () => {
  it.each([
    ["Slax 15.iso", { kind: "iso", file: "/srv/m/Slax 15.iso" }, "slax-15"],
    ["lab.QCOW2", { kind: "disk", format: "qcow2", file: "/srv/m/lab.QCOW2" }, "lab"],
    ["a.vdi", { kind: "disk", format: "vdi", file: "/srv/m/a.vdi" }, "a"],
    ["a.vmdk", { kind: "disk", format: "vmdk", file: "/srv/m/a.vmdk" }, "a"],
    ["a.raw", { kind: "disk", format: "raw", file: "/srv/m/a.raw" }, "a"],
    ["a.img", { kind: "disk", format: "raw", file: "/srv/m/a.img" }, "a"],
    ["a.vhd", { kind: "disk", format: "vpc", file: "/srv/m/a.vhd" }, "a"],
    ["a.vhdx", { kind: "disk", format: "vhdx", file: "/srv/m/a.vhdx" }, "a"],
    ["a.qed", { kind: "disk", format: "qed", file: "/srv/m/a.qed" }, "a"],
    ["/else/_b.1.iso", { kind: "iso", file: "/else/_b.1.iso" }, "b.1"],
  ])("%s", async (file, boot, id) => {
    const { catalogue: written, warnings } = await convert(`[${file}]`, "$config{dir_machines} = '/srv/m/';");
    expect(written.images).toMatchObject([{ id, title: file, boot }]);
    expect(warnings).toEqual([]);
    expect(imageCatalogue.parse(written).images).toHaveLength(1);
  });

  it("get what config.pl says of all", async () => {
    const config = `$config{snapshot_alloc_cpu} = 2; $config{snapshot_alloc_mem} = 8; $config{snapshot_alloc_disk} = 20;
$config{qemu_video} = "virtio"; $config{dir_mounts} = ("/mnt", "/media/data");
$config{config_script} = ("exec: touch /tmp/hello", 'if("@VM@" =~ /lab/): https://example.org/@USER@.sh', "");`;
    const {
      catalogue: written,
      host,
      warnings,
    } = await convert("[lab.qcow2]\ndescription=Lab\n[tiny.iso]", config);
    const common = {
      cpus: { default: 2, min: 1 },
      memoryMb: { default: 8192, min: 512 },
      display: "virtio",
      hideKvm: true,
      network: "internet",
      shares: [
        { tag: "host_mnt", folder: "/mnt" },
        { tag: "host_data", folder: "/media/data" },
      ],
    };
    const folder = "/var/lib/qemu-web-desktop/machines";
    expect(written.images).toEqual([
      {
        ...common,
        ...{ id: "lab", title: "Lab", description: "Lab" },
        boot: { kind: "disk", format: "qcow2", file: `${folder}/lab.qcow2` },
        // Nobody has looked at its disk: it has the devices that it has in DARTS.
        hardware: { profile: "linux", disk: "ide", card: "e1000" },
        script: "virt-customize",
        scripts: ["exec: touch /tmp/hello", 'if("@VM@" =~ /lab/): https://example.org/@USER@.sh'],
      },
      {
        ...common,
        ...{ id: "tiny", title: "tiny.iso", description: "", diskGb: { default: 20, min: 1 } },
        boot: { kind: "iso", file: `${folder}/tiny.iso` },
      },
    ]);
    expect(host).toEqual([
      "--allow-shares /mnt",
      "--allow-shares /media/data",
      "--boot-scripts /etc/postern/scripts",
    ]);
    expect(warnings).toEqual([
      'lab.qcow2: @VM@ is "lab" here; check the conditions.',
      "tiny.iso: an ISO has no disk that boot scripts could get into.",
      "config_script: a host runs boot scripts only with a folder for them. Make it: mkdir -p /etc/postern/scripts",
    ]);
  });

  it("get the folder of the first script that is a path, and each that lies elsewhere a warning", async () => {
    const config = `$config{config_script} = ("/srv/our scripts/a.sh", 'if("@USER@" =~ /^g/): /srv/our scripts/b/c.sh',
  "/opt/d.sh", "exec: true");`;
    const { host, warnings } = await convert("[lab.qcow2]", config);
    expect(host).toEqual(["--boot-scripts '/srv/our scripts'"]);
    expect(warnings).toEqual([
      "config_script: /opt/d.sh cannot be read by a host whose scripts lie in /srv/our scripts. Put it there.",
    ]);
  });

  it("keep their addresses, and never two of one name", async () => {
    const { catalogue: written, warnings } = await convert(
      "[a.iso]\nurl=https://example.org/a.iso\n[a.qcow2]\nurl=file:///etc/shadow\n[A.vdi]",
    );
    expect(written.images.map(({ id, source }) => [id, source?.url])).toEqual([
      ["a", "https://example.org/a.iso"],
      ["a-2", undefined],
      ["a-3", undefined],
    ]);
    expect(warnings).toEqual(["a.qcow2: file:///etc/shadow is no http or https address and was left out."]);
  });

  it.each([
    ["[a.ova]", "", "a.ova: import it with `postern image import`."],
    [
      "[a.txt]",
      "",
      "a.txt: neither its ending nor its content is of a format that is known. It was left out.",
    ],
    ["[a]", "", "a: neither its ending nor its content is of a format that is known. It was left out."],
    ["", "$config{qemu_video} = 'bochs';", "qemu_video: bochs is no adapter here; std was taken."],
    ["", "$config{snapshot_alloc_mem} = 'much';", "snapshot_alloc_mem: much is no amount; 4 was taken."],
    [
      "",
      "$config{dir_mounts} = ('data');",
      "dir_mounts: data cannot be shared under the name host_data and was left out.",
    ],
    [
      "",
      "$config{qemu_exec} = '/usr/bin/qemu-system-riscv64';",
      "qemu_exec: qemu-system-riscv64 is of no architecture that there is here; x86_64 was taken.",
    ],
    [
      "",
      "$config{snapshot_alloc_mem} = 4096.0;",
      "snapshot_alloc_mem: 4096 was taken for MB, as in early releases.",
    ],
    [
      "",
      "$config{dir_mounts} = ('/srv/data', '/media/data');",
      "dir_mounts: /media/data cannot be shared under the name host_data and was left out.",
    ],
    [
      "",
      "$config{dir_mounts} = ('/1','/2','/3','/4','/5','/6','/7','/8','/9');",
      "dir_mounts: /9 cannot be shared under the name host_9 and was left out.",
    ],
    [
      "",
      "$config{colour} = 'blue';",
      "colour: it is not known here and was left out; its value is in config.pl.",
    ],
    [
      "",
      "$config{certificate_crt} = '/x.crt';",
      "certificate_crt: was left out, because there is no certificate_key.",
    ],
    [
      "",
      "$config{snapshot_lifetime} = 5;",
      "snapshot_lifetime: 5 seconds are too short; a minute was taken.",
    ],
    [
      "",
      "$config{snapshot_lifetime} = 'long';",
      "snapshot_lifetime: long is no time; machines run for ever.",
    ],
    [
      "",
      "$config{service_max_load} = 0;",
      "service_max_load: 0 would let no machine start; it was left out.",
    ],
    [
      "",
      "$config{service_max_session_nb} = 0;",
      "service_max_session_nb: 0 would allow nobody a machine; it was left out.",
    ],
    ["", "$config{gpu_blacklist} = 'first';", "gpu_blacklist: first is no PCI address and was left out."],
    [
      "",
      "$config{user_admin} = ('root');",
      expect.stringContaining("user_admin: Administrators are accounts"),
    ],
    [
      "",
      "$config{check_user_with_ldap} = 1;",
      expect.stringContaining("check_user_with_ldap: People sign in"),
    ],
    [
      "",
      "$config{config_script} = ('exec: echo @PW@');",
      expect.stringContaining("config_script: @PW@ does not exist"),
    ],
    ["", "$config{config_script} = ('if(system(1)): /x');", expect.stringContaining("It was left out.")],
  ])("%s %s warns", async (machines, config, warning) => {
    expect(await convert(machines, config)).toMatchObject({ catalogue: { images: [] }, warnings: [warning] });
  });

  it("of ARM start, with a display that ARM has", async () => {
    const config = '$config{qemu_exec} = "/usr/bin/qemu-system-aarch64"; $config{qemu_video} = "qxl";';
    const { catalogue: written, warnings } = await convert("[arm.iso]\n[arm.qcow2]", config);
    for (const entry of imageCatalogue.parse(written).images)
      expect(entry).toMatchObject({
        ...{ arch: "aarch64", display: "virtio", hideKvm: false },
        firmware: { kind: "uefi" },
      });
    expect(warnings).toEqual(["qemu_video: qxl is no adapter for aarch64; virtio was taken."]);
    const unsaid = await convert("[arm.qcow2]", '$config{qemu_exec} = "qemu-system-aarch64";');
    expect(unsaid.catalogue.images).toMatchObject([{ display: "virtio" }]);
  });

  it("keep long and odd words within what an entry holds", async () => {
    const long = "é".repeat(99) + "🖥" + "x".repeat(600);
    const { catalogue: written } = await convert(`[a.iso]\ndescription=${long}\n[b.iso]\ndescription=\n`);
    expect(written.images).toMatchObject([{ title: "é".repeat(99) }, { title: "b.iso", description: "" }]);
    expect(written.images[0]?.description).toHaveLength(500);
  });
});

// Real files, as they lie there.
describe("the content of an image decides", () => {
  const QCOW2 = Buffer.concat([Buffer.from("514649fb00000002", "hex"), Buffer.alloc(65_536)]);
  const cleanup = new CleanupStack();
  let folder: string;
  let dirs: string;
  beforeAll(async () => {
    folder = await cleanup.makeFolder();
    dirs = `$config{dir_machines} = "${folder}/machines";`;
    await mkdir(path.join(folder, "machines/downloads/a"), { recursive: true });
    const write = (name: string, content: Buffer) => writeFile(path.join(folder, "machines", name), content);
    QCOW2.writeUInt32BE(16, 20);
    await write("downloads/a/a-1.qcow2", QCOW2);
    await write("other.img", QCOW2);
    await write("old.qcow2.old", QCOW2);
    await write("live.iso", Buffer.alloc(65_536));
    await write("plain.qcow2", Buffer.alloc(65_536));
    await write("notes.txt", Buffer.from("notes"));
    await write("packed.img", Buffer.from("1f8b08", "hex"));
    await write(
      "appliance.qcow2",
      Buffer.concat([Buffer.alloc(257), Buffer.from("ustar\0"), Buffer.alloc(512)]),
    );
    await writeFile(path.join(folder, "away.qcow2"), QCOW2);
    const link = (to: string, name: string) => symlink(to, path.join(folder, "machines", name));
    await link("downloads/a/a-1.qcow2", "a.qcow2");
    await link("../away.qcow2", "away.img");
    await link("downloads/none.iso", "none.iso");
    await mkdir(path.join(folder, "machines/folder.qcow2"));
  });
  afterAll(() => cleanup.close());

  const convertHere = (name: string) =>
    convert(`[${name}]`, dirs, { lookAtImage: openDartsHost().lookAtImage });

  it.each<[string, object, RegExp[]]>([
    ["a.qcow2", { kind: "disk", format: "qcow2", file: "machines/a.qcow2" }, []],
    [
      "other.img",
      { kind: "disk", format: "qcow2", file: "machines/other.img" },
      [/^other\.img: it is a qcow2 image, whatever its name says\.$/],
    ],
    ["old.qcow2.old", { kind: "disk", format: "qcow2", file: "machines/old.qcow2.old" }, [/a qcow2 image/]],
    ["plain.qcow2", { kind: "disk", format: "raw", file: "machines/plain.qcow2" }, [/a raw image/]],
    ["live.iso", { kind: "iso", file: "machines/live.iso" }, []],
    ["none.iso", { kind: "iso", file: "machines/none.iso" }, []],
    [
      "away.img",
      { kind: "disk", format: "qcow2", file: "away.qcow2" },
      [/a link to .*\/away\.qcow2, which the catalogue names now/, /a qcow2 image/],
    ],
  ])("%s", async (name, boot, expected) => {
    const { catalogue: written, warnings } = await convertHere(name);
    const found = written.images[0]?.boot as { file: string };
    expect({ ...found, file: path.relative(folder, found.file) }).toEqual(boot);
    // The test's folder is closed to others.
    expect(warnings.filter((text) => !text.includes("may not read it"))).toEqual(
      expected.map((pattern) => expect.stringMatching(pattern) as unknown),
    );
  });

  it.each([
    ["notes.txt", /neither its ending nor its content/],
    ["packed.img", /it is an archive/],
    ["appliance.qcow2", /import it/],
    ["folder.qcow2", /not an ordinary file/],
  ])("%s is left out", async (name, why) => {
    expect(await convertHere(name)).toMatchObject({
      catalogue: { images: [] },
      warnings: [expect.stringMatching(why)],
    });
  });
});

describe("GPUs of DARTS", () => {
  async function convertOn(pci: FakePciHost, config: string): Promise<DartsConversion> {
    const kernel = await FakeKernel.build(pci);
    try {
      return await convert("", config, { listGpus: openDartsHost(kernel).listGpus });
    } finally {
      await kernel.remove();
    }
  }
  const bound = {
    ...GT_1030_PAIR,
    devices: GT_1030_PAIR.devices.map((device) =>
      /:4[cd]:/.test(device.address) ? { ...device, driver: "vfio-pci" } : device,
    ),
  };

  it("that vfio-pci has are given to machines, but for those of the list", async () => {
    expect(await convertOn(bound, "$config{gpu_blacklist} = '';")).toMatchObject({
      ...{ host: ["--gpu 4c:00.0", "--gpu 4d:00.0"], server: ["--user-may internet,gpu"] },
      warnings: [],
    });
    expect(await convertOn(bound, "$config{gpu_blacklist} = '4c:00.0, 00:1b.0';")).toMatchObject({
      host: ["--gpu 4d:00.0", "--gpu-deny 4c:00.0", "--gpu-deny 00:1b.0"],
      ...{ server: ["--user-may internet,gpu"], warnings: [] },
    });
  });

  it("that are the host's stay the host's, and then nobody may ask for one", async () => {
    expect(await convertOn(GT_1030_PAIR, "")).toMatchObject({ host: [], server: [] });
    expect(await convertOn(bound, "$config{gpu_blacklist} = '4c:00 4d:00';")).toMatchObject({
      host: ["--gpu-deny 4c:00", "--gpu-deny 4d:00"],
      server: [],
    });
  });
});

describe("settings of DARTS", () => {
  it.each([
    ["snapshot_lifetime", "86400", { server: ["--max-lifetime 86400"] }],
    ["snapshot_lifetime", "0", { server: [], unneeded: ["snapshot_lifetime"], warnings: [] }],
    ["service_max_session_nb", "12", { host: ["--max-instances 12"] }],
    ["service_max_session_nb_per_user", "3", { server: ["--user-machines 3"] }],
    ["service_max_cpu_fraction_nb_per_user", "0.3", { server: ["--user-cpus 2"] }],
    ["service_max_cpu_fraction_nb_per_user", "0.01", { server: ["--user-cpus 1"] }],
    ["service_max_mem_fraction_nb_per_user", "0.3", { server: ["--user-memory-mb 9830"] }],
    ["service_max_mem_fraction_nb_per_user", "0.01", { server: ["--user-memory-mb 4096"] }],
    ["ldap_server", "'192.0.2.1'", { unneeded: ["ldap_server"], warnings: [] }],
    ["boot_delay", "5", { unneeded: ["boot_delay"], warnings: [] }],
    ["service_max_load", "0.8", { host: ["--max-load 0.8"] }],
    ["service_max_instance_nb", "10", { host: ["--max-instances 10"] }],
    [
      "service_proxy",
      "'http://proxy:3128/'",
      { environment: { http_proxy: "http://proxy:3128/", https_proxy: "http://proxy:3128/" } },
    ],
    ["service_proxy", "''", { environment: {} }],
    ["check_user_with_ldap", "0", { warnings: [] }],
    ["service_port", "6080", { server: [], host: [], warnings: [] }],
  ])("%s = %s", async (name, value, expected) => {
    expect(await convert("", `$config{${name}} = ${value};`)).toMatchObject(expected);
  });

  it("of a certificate count when both files are there", async () => {
    const config = "$config{certificate_crt} = '/etc/my cert.pem'; $config{certificate_key} = '/etc/x.key';";
    expect(await convert("", config)).toMatchObject({
      server: ["--cert '/etc/my cert.pem'", "--key /etc/x.key"],
      warnings: [],
    });
    expect(await convert("", config, { isThere: (file) => file !== "/etc/x.key" })).toMatchObject({
      server: [],
      warnings: [expect.stringContaining("not on this machine"), expect.any(String)],
    });
  });

  it("with two names are one option", async () => {
    const config = "$config{service_max_session_nb} = 5; $config{service_max_instance_nb} = 10;";
    expect(await convert("", config)).toMatchObject({ host: ["--max-instances 5"], warnings: [] });
  });

  it("of a sign-in are named with it, without their values", async () => {
    const config = `$config{check_user_with_email} = 1; $config{email_passwd} = "hunter2"; $config{ldap_port} = 389;`;
    const found = await convert("", config);
    expect(found.warnings).toEqual([
      expect.stringMatching(/^check_user_with_email: People sign in/),
      "email_passwd: goes with check_user_with_email, see there.",
    ]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    const computed = await convert("", "$config{check_user_with_ldap} = f(); $config{ldap_port} = 389;");
    expect(computed.warnings.at(-1)).toBe("ldap_port: goes with check_user_with_ldap, see there.");
  });

  it("are all named, whatever they hold", async () => {
    for (const value of ["''", "0", "'x'", "7", "('x', 'y')"]) {
      const names = Object.keys(SETTING_CONVERSIONS);
      const found = await convert("", names.map((name) => `$config{${name}} = ${value};`).join("\n"));
      const listed = [...found.converted, ...found.unneeded];
      const told = names.filter((name) => found.warnings.some((text) => text.startsWith(`${name}: `)));
      expect([...new Set([...listed, ...told])].sort()).toEqual(names.sort());
      expect(listed).toHaveLength(new Set(listed).size);
    }
  });

  it("docs/darts.md has a row for each, and no other", async () => {
    const text = await readFile(new URL("../../../../docs/darts.md", import.meta.url), "utf8");
    const [, section = ""] = text.split("## config.pl\n");
    const lines = section
      .split("\n## ")[0]!
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    const rows = lines.flatMap((line) =>
      [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    expect(rows.sort()).toEqual(Object.keys(SETTING_CONVERSIONS).sort());
  });
});
