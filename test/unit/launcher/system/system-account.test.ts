import { expect, it } from "vitest";
import { chooseAccount, runAsAccount } from "../../../../launcher/system/system-account.ts";

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "postern-vm:x:998:997::/nonexistent:/usr/sbin/nologin",
  "toor:x:0:0::/:/bin/sh",
  "broken:x:many:0",
].join("\n");
const root = { uid: 0, passwd, groups: [108, 997] };
const qemu = { program: "/usr/bin/qemu", args: ["-m", "64M"] };

it("takes the account of machines where there is one, with the groups of its devices", () => {
  const account = { name: "postern-vm", uid: 998, gid: 997, groups: [108] };
  expect(chooseAccount(null, root)).toEqual({ kind: "account", account });
  expect(runAsAccount(qemu, { kind: "account", account }, "setpriv").args).toEqual([
    ...["--reuid=998", "--regid=997", "--groups=108", "--bounding-set=-all", "--inh-caps=-all"],
    ...["--no-new-privs", "--", "/usr/bin/qemu", "-m", "64M"],
  ]);
});

it("refuses to run machines as root where nobody said so, and names what to do", () => {
  const missing = {
    code: "ACCOUNT_MISSING",
    message: expect.stringMatching(/useradd.*postern-vm/) as string,
  };
  expect(() => chooseAccount(null, { ...root, passwd: "root:x:0:0::/:/bin/sh" })).toThrow(
    expect.objectContaining(missing),
  );
});

it("is root when told, says so, and gives up most of root's rights", () => {
  const runAs = chooseAccount("root", root);
  expect(runAs).toMatchObject({ kind: "root", why: expect.stringContaining("--vm-user root") as string });
  expect(runAsAccount(qemu, runAs, "setpriv").args[0]).toMatch(/^--bounding-set=-all,\+dac_override/);
});

it("stays whoever it is where it is not root", () => {
  const runAs = chooseAccount("postern-vm", { ...root, uid: 1000 });
  expect(runAs).toEqual({ kind: "self" });
  expect(runAsAccount(qemu, runAs, "setpriv").args).toEqual([
    "--no-new-privs",
    "--",
    "/usr/bin/qemu",
    "-m",
    "64M",
  ]);
});

it.each([
  ["nobody-knows", "ACCOUNT_UNKNOWN"],
  ["broken", "ACCOUNT_UNKNOWN"],
  ["toor", "ACCOUNT_ROOT"],
])("refuses %s", (name, code) => {
  expect(() => chooseAccount(name, root)).toThrow(expect.objectContaining({ code }));
});
