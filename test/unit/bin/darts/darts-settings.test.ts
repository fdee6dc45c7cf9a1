import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SETTING_CONVERSIONS } from "../../../../bin/darts/darts-settings.ts";
import { convert } from "./darts-fixture.ts";

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
    [
      "check_user_with_ldap",
      "0",
      { unneeded: ["check_user_with_ldap"], warnings: [expect.stringMatching(/lets everybody in/)] },
    ],
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
      "check_user_with_email: there is no smtp_server; it was left out.",
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
