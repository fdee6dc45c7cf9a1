import { expect, test } from "vitest";
import { HARDWARE_PROFILES } from "../../../../protocol/index.ts";
import { platformArguments } from "../../../../launcher/argv/platform-arguments.ts";
import { networkCardArguments } from "../../../../launcher/argv/network-card-arguments.ts";
import {
  share9pArguments,
  shareVirtiofsArguments,
  virtiofsdArguments,
} from "../../../../launcher/argv/shared-folder-arguments.ts";
import { swtpmArguments, tpmArguments } from "../../../../launcher/argv/tpm-arguments.ts";
import { paths, specOf, valuesOf } from "./spec-fixture.ts";

const arm = { arch: "aarch64" };
const uefi = { firmware: { kind: "uefi" } };
const secure = { firmware: { kind: "uefi", secureBoot: true } };

test.each([
  [{}, "tcg", "q35", "max"],
  [{}, "kvm", "q35", "host"],
  [{ hideKvm: true }, "kvm", "q35", "host,kvm=off"],
  [{ hideKvm: true }, "tcg", "q35", "max"],
  [uefi, "tcg", "q35,pflash0=code0,pflash1=vars0", "max"],
  [secure, "tcg", "q35,smm=on,pflash0=code0,pflash1=vars0", "max"],
  [arm, "tcg", "virt,gic-version=max,pflash0=code0,pflash1=vars0", "max,pauth-impdef=on"],
  [{ ...arm, hideKvm: true }, "kvm", "virt,gic-version=max,pflash0=code0,pflash1=vars0", "host"],
] as const)("%j by %s", (changes, accel, machine, cpu) => {
  const argv = platformArguments(specOf(changes), paths, accel);
  expect(valuesOf(argv, "-machine")).toEqual([machine]);
  expect(valuesOf(argv, "-cpu")).toEqual([cpu]);
});

test.each([
  [uefi, "/usr/share/OVMF/OVMF_CODE_4M.fd", []],
  [
    secure,
    "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
    ["ICH9-LPC.disable_s3=1", "driver=cfi.pflash01,property=secure,value=on"],
  ],
  [arm, "/usr/share/AAVMF/AAVMF_CODE.fd", []],
  [{ ...arm, ...secure }, "/usr/share/AAVMF/AAVMF_CODE.ms.fd", []],
])("the firmware of %j is read-only, its variables are the machine's own", (changes, filename, globals) => {
  const argv = platformArguments(specOf(changes), paths, "tcg");
  expect(valuesOf(argv, "-blockdev")).toEqual([
    { driver: "raw", "node-name": "code0", "read-only": true, file: { driver: "file", filename } },
    {
      ...{ driver: "qcow2", "node-name": "vars0", backing: null },
      file: { driver: "file", filename: "/var/lib/vms/m1/firmware-vars.qcow2" },
    },
  ]);
  expect(valuesOf(argv, "-global")).toEqual(globals);
});

test("virtiofs works on memory that is shared", () => {
  const shares = [{ tag: "home", folder: "/home", kind: "virtiofs" }];
  const argv = platformArguments(specOf({ shares }), paths, "tcg");
  expect(valuesOf(argv, "-machine")).toEqual(["q35,memory-backend=mem0"]);
  expect(valuesOf(argv, "-object")).toEqual([
    { "qom-type": "memory-backend-memfd", id: "mem0", size: 512 * 1024 * 1024, share: true },
  ]);
});

test("shares", () => {
  expect(share9pArguments({ tag: "home", folder: "/a,b", writable: false }, 1)).toEqual([
    ...["-fsdev", "local,id=share1,path=/a,,b,security_model=mapped-xattr,readonly=on"],
    ...["-device", '{"driver":"virtio-9p-pci","fsdev":"share1","mount_tag":"home"}'],
  ]);
  expect(share9pArguments({ tag: "home", folder: "/a", writable: true }, 0)[1]).not.toContain("readonly");
  expect(shareVirtiofsArguments("home", "/run/x,y", 2)).toEqual([
    ...["-chardev", "socket,id=share2,path=/run/x,,y"],
    ...["-device", '{"driver":"vhost-user-fs-pci","chardev":"share2","tag":"home"}'],
  ]);
  expect(virtiofsdArguments("/a", "/run/s", "namespace")).toEqual([
    ...["-f", "--socket-path=/run/s", "-o", "source=/a", "-o", "sandbox=namespace"],
    ...["-o", "modcaps=-mknod"],
  ]);
});

test("a TPM", () => {
  expect(tpmArguments("x86_64", "/run/t")).toEqual([
    ...["-chardev", "socket,id=tpm0,path=/run/t", "-tpmdev", "emulator,id=tpm0,chardev=tpm0"],
    ...["-device", '{"driver":"tpm-crb","tpmdev":"tpm0"}'],
  ]);
  expect(tpmArguments("aarch64", "/run/t").at(-1)).toContain("tpm-tis-device");
  expect(swtpmArguments("/d", "/run/t")).toEqual([
    ...["socket", "--tpm2", "--terminate", "--tpmstate", "dir=/d,mode=0600"],
    ...["--ctrl", "type=unixio,path=/run/t,mode=0600"],
  ]);
});

test("a network card, where there is a network", () => {
  expect(networkCardArguments(specOf({}), [])).toEqual([]);
  const argv = networkCardArguments(specOf({}), ["-netdev", '{"type":"user","id":"net0"}']);
  expect(valuesOf(argv, "-netdev")).toEqual([{ type: "user", id: "net0" }]);
  expect(valuesOf(argv, "-device")).toEqual([{ driver: "virtio-net-pci", netdev: "net0" }]);
});

test.each(["virtio-net-pci", "e1000", "e1000e", "rtl8139"])(
  "a card %s with the machine's own address",
  (driver) => {
    const card = driver === "virtio-net-pci" ? "virtio" : driver;
    const spec = specOf({ hardware: { card }, mac: "52:54:01:02:03:04" });
    expect(valuesOf(networkCardArguments(spec, ["-netdev", "x"]), "-device")).toEqual([
      { driver, netdev: "net0", mac: "52:54:01:02:03:04" },
    ]);
  },
);

test("Windows finds local time, and with KVM the interfaces of Hyper-V", () => {
  const spec = specOf({ hardware: HARDWARE_PROFILES["windows-11"] });
  const [kvm, tcg] = (["kvm", "tcg"] as const).map((accel) => platformArguments(spec, paths, accel));
  expect(valuesOf(kvm!, "-machine")).toEqual(["q35,hpet=off"]);
  expect(valuesOf(kvm!, "-cpu")).toEqual([expect.stringMatching(/^host,hv_relaxed=on,.*hv_time=on/)]);
  expect(valuesOf(tcg!, "-cpu")).toEqual(["max"]);
  expect(valuesOf(tcg!, "-rtc")).toEqual(["base=localtime,driftfix=slew"]);
  expect(valuesOf(platformArguments(specOf({}), paths, "tcg"), "-rtc")).toEqual([]);
});

test("a PC of the nineties", () => {
  const argv = platformArguments(specOf({ hardware: HARDWARE_PROFILES.dos }), paths, "tcg");
  expect(valuesOf(argv, "-machine")).toEqual(["pc"]);
  expect(valuesOf(argv, "-rtc")).toEqual(["base=localtime"]);
});
