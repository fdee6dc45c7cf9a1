import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { convertDarts } from "../../../../bin/darts/convert-darts.ts";
import { readMachinesConf } from "../../../../bin/darts/machines-conf.ts";
import { SETTING_CONVERSIONS } from "../../../../bin/darts/darts-settings.ts";
import { imageCatalogue } from "../../../../protocol/index.ts";

function convert(machines: string, config = ""): ReturnType<typeof convertDarts> {
  return convertDarts(readMachinesConf(machines), readConfigPl(config));
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
  ])("%s", (file, boot, id) => {
    const { catalogue: written, warnings } = convert(`[${file}]`, "$config{dir_machines} = '/srv/m/';");
    expect(written.images).toMatchObject([{ id, title: file, boot }]);
    expect(warnings).toEqual([]);
    expect(imageCatalogue.parse(written).images).toHaveLength(1);
  });

  it("get what config.pl says of all", () => {
    const config = `$config{snapshot_alloc_cpu} = 2; $config{snapshot_alloc_mem} = 8; $config{snapshot_alloc_disk} = 20;
$config{qemu_video} = "virtio"; $config{dir_mounts} = ("/mnt", "/media/data");
$config{config_script} = ("exec: touch /tmp/hello", 'if("@VM@" =~ /lab/): https://example.org/@USER@.sh', "");`;
    const {
      catalogue: written,
      host,
      warnings,
    } = convert("[lab.qcow2]\ndescription=Lab\n[tiny.iso]", config);
    const common = {
      cpus: { default: 2, min: 1 },
      memoryMb: { default: 8192, min: 512 },
      display: "virtio",
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

  it("get the folder of the first script that is a path, and each that lies elsewhere a warning", () => {
    const config = `$config{config_script} = ("/srv/our scripts/a.sh", 'if("@USER@" =~ /^g/): /srv/our scripts/b/c.sh',
  "/opt/d.sh", "exec: true");`;
    const { host, warnings } = convert("[lab.qcow2]", config);
    expect(host).toEqual(["--boot-scripts '/srv/our scripts'"]);
    expect(warnings).toEqual([
      "config_script: /opt/d.sh cannot be read by a host whose scripts lie in /srv/our scripts. Put it there.",
    ]);
  });

  it("keep their addresses, and never two of one name", () => {
    const { catalogue: written, warnings } = convert(
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
    ["[a.txt]", "", "a.txt: its ending names no format that is known. It was left out."],
    ["[a]", "", "a: its ending names no format that is known. It was left out."],
    ["", "$config{qemu_video} = 'bochs';", "qemu_video: bochs is no adapter here; std was taken."],
    ["", "$config{snapshot_alloc_mem} = 'much';", "snapshot_alloc_mem: much is no amount; 4 was taken."],
    [
      "",
      "$config{dir_mounts} = ('data');",
      "dir_mounts: data cannot be shared under the name host_data and was left out.",
    ],
    ["", "$config{colour} = 'blue';", "colour is not known here and was left out."],
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
  ])("%s %s warns", (machines, config, warning) => {
    expect(convert(machines, config)).toMatchObject({ catalogue: { images: [] }, warnings: [warning] });
  });
});

describe("settings of DARTS", () => {
  it.each([
    ["snapshot_lifetime", "86400", { server: ["--max-lifetime 86400"] }],
    ["certificate_crt", "'/etc/my cert.pem'", { server: ["--cert '/etc/my cert.pem'"] }],
    ["certificate_key", "'/etc/x.key'", { server: ["--key /etc/x.key"] }],
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
  ])("%s = %s", (name, value, expected) => {
    expect(convert("", `$config{${name}} = ${value};`)).toMatchObject(expected);
  });

  it("docs/darts.md has a row for each, and no other", async () => {
    const text = await readFile(new URL("../../../../docs/darts.md", import.meta.url), "utf8");
    const [, section = ""] = text.split("## config.pl\n");
    const rows = [...section.split("\n## ")[0]!.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(Object.keys(SETTING_CONVERSIONS).sort());
  });
});
