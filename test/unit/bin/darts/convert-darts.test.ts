import { describe, expect, it } from "vitest";
import { imageCatalogue } from "../../../../protocol/index.ts";
import { convert } from "./darts-fixture.ts";

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
      expect.stringContaining("check_user_with_ldap: there is no ldap_server"),
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
