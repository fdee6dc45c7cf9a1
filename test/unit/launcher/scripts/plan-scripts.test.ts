import { describe, expect, it } from "vitest";
import { planScripts, MAX_SCRIPT_BYTES } from "../../../../launcher/scripts/plan-scripts.ts";
import { readCustomizeCommands } from "../../../../launcher/scripts/customize/customize-commands.ts";
import { readScript } from "../../../../launcher/scripts/script.ts";
import { fillInSymbols } from "../../../../launcher/scripts/script-symbols.ts";
import { symbols } from "./symbols.ts";

describe("a boot script as it is written", () => {
  it.each([
    ["exec: touch /a; touch /b", { kind: "text", text: "#!/bin/sh\ntouch /a; touch /b" }],
    ["bash: touch /a\r\ntouch /b", { kind: "text", text: "#!/bin/bash\ntouch /a\ntouch /b" }],
    ["#!/usr/bin/python3\nprint(1)", { kind: "text", text: "#!/usr/bin/python3\nprint(1)" }],
    ["virt-customize: touch /a\nmkdir /b", { kind: "customize", commands: " touch /a\nmkdir /b" }],
    ["/srv/scripts/a b.sh\n", { kind: "path", path: "/srv/scripts/a b.sh" }],
    [" https://example.org/a.sh ", { kind: "url", url: "https://example.org/a.sh" }],
  ])("%j", (written, source) => {
    expect(readScript(written)).toEqual({ condition: null, source });
  });

  it("may have a condition", () => {
    const script = readScript('if("@VM@" =~ /debian/i): http://example.org/a');
    expect(script).toMatchObject({ source: { kind: "url", url: "http://example.org/a" } });
    expect(script!.condition).not.toBeNull();
  });

  it.each(["", " \n", "catalogue", " catalogue\n"])("%j is none", (written) => {
    expect(readScript(written)).toBeNull();
  });

  it.each([
    ["touch /a", "SCRIPT_KIND", "exec:"],
    ["ftp://example.org/a", "SCRIPT_KIND", "exec:"],
    ["relative/path", "SCRIPT_KIND", "absolute path"],
    ["/a\n/b", "SCRIPT_KIND", "one line"],
    ["exec: echo @PW@", "SCRIPT_PASSWORD", "@CREDENTIAL@"],
    ['if("@PW@" eq "x"): exec: a', "SCRIPT_PASSWORD", "no person's password"],
  ])("%j is refused", (written, code, words) => {
    expect(() => readScript(written)).toThrow(
      expect.objectContaining({ code, safeMessage: expect.stringContaining(words) }),
    );
  });
});

describe("symbols in a text", () => {
  it.each([
    ["ada", "ada"],
    ["Zoë.O-N_1@lab", "Zoë.O-N_1@lab"],
    ["", "_"],
    ["-rf", "_rf"],
    ["../../etc", "_._.._etc"],
    ["$(touch /x)", "__touch__x_"],
    [
      "a'b\"c`d\\e\nf;g|h&i<j>k*l?m[n]o{p}q~r!s#t%u=v,w:x/y z",
      "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q_r_s_t_u_v_w_x_y_z",
    ],
    ["@VM@", "@VM@"],
    ["x".repeat(500), "x".repeat(128)],
  ])("%j becomes %j", (user, expected) => {
    expect(fillInSymbols("<@USER@>", { ...symbols, user })).toBe(`<${expected}>`);
  });

  it("are filled in once, and others stay", () => {
    expect(fillInSymbols("@USER@ @SESSION_NAME@ @VM@ @OTHER@ a@b.c @constructor@", symbols)).toBe(
      "ada m-42 debian-desktop @OTHER@ a@b.c @constructor@",
    );
  });
});

describe("the way of scripts", () => {
  const shell = { kind: "text", text: "#!/bin/sh\necho @USER@ $POSTERN_VM\n" } as const;
  const customize = { kind: "customize", text: "touch /@USER@" } as const;
  const filled = "#!/bin/sh\nexport POSTERN_VM='debian-desktop'\necho ada $POSTERN_VM\n\n";

  it("cloud-init runs them from a seed, libguestfs at the first boot", () => {
    expect(planScripts("cloud-init", [shell, customize], symbols, false)).toEqual({
      seed: [filled],
      changes: [{ kind: "command", line: "touch /ada" }],
      personal: false,
    });
    expect(planScripts("virt-customize", [customize, shell], symbols, false)).toEqual({
      seed: [],
      changes: [
        { kind: "command", line: "touch /ada" },
        { kind: "firstboot", script: filled },
      ],
      personal: false,
    });
  });

  it("a disk that knows its machine is for this machine alone", () => {
    for (const mark of ["@CREDENTIAL@", "@SESSION_NAME@", "$POSTERN_CREDENTIAL"]) {
      const script = { kind: "text", text: `#!/bin/sh\necho ${mark}` } as const;
      expect(planScripts("virt-customize", [script], symbols, false).personal, mark).toBe(true);
      expect(planScripts("cloud-init", [script, customize], symbols, false).personal, mark).toBe(false);
    }
  });

  it("keeps the first line of other languages and exports nothing there", () => {
    const python = { kind: "text", text: "#!/usr/bin/env python3\nimport os # POSTERN_USER @USER@" } as const;
    expect(planScripts("cloud-init", [python], symbols, false).seed).toEqual([
      "#!/usr/bin/env python3\nimport os # POSTERN_USER ada\n",
    ]);
  });

  it("is refused where an image has none, and above the limit", () => {
    expect(planScripts("none", [], symbols, false).seed).toEqual([]);
    expect(() => planScripts("none", [shell], symbols, false)).toThrow(
      expect.objectContaining({ code: "SCRIPT_ROUTE" }),
    );
    const long = (bytes: number) => ({ kind: "text", text: `#!/bin/sh\n${"#".repeat(bytes - 11)}` }) as const;
    expect(planScripts("cloud-init", [long(MAX_SCRIPT_BYTES)], symbols, false).seed).toHaveLength(1);
    expect(() => planScripts("cloud-init", [long(MAX_SCRIPT_BYTES + 1)], symbols, false)).toThrow(
      expect.objectContaining({ code: "SCRIPT_LONG" }),
    );
  });
});

describe("commands of virt-customize", () => {
  it("are taken with and without hyphens", () => {
    const text =
      "# a comment\n\n touch /a b \r\n--mkdir /c\n--write=/d:x=y\nrun-command echo $(id)\nselinux-relabel";
    expect(readCustomizeCommands(text, false)).toEqual([
      ...["touch /a b", "mkdir /c", "write /d:x=y", "run-command echo $(id)", "selinux-relabel"],
    ]);
    expect(readCustomizeCommands("install gcc,make\nupdate", true)).toEqual(["install gcc,make", "update"]);
  });

  it.each([
    ["upload /etc/shadow:/x", "reads a file of this host"],
    ["copy-in /etc:/x", "reads a file of this host"],
    ["run /etc/x", "reads a file of this host"],
    ["firstboot /etc/x", "reads a file of this host"],
    ["commands-from-file /etc/x", "reads a file of this host"],
    ["edit /etc/x:s/a/`id`/e", "runs Perl on this host"],
    ["add /dev/sda", "this host's files"],
    ["password ada:file:/etc/shadow", "secret in the script"],
    ["root-password file:/etc/shadow", "secret in the script"],
    ["ssh-inject ada", "secret in the script"],
    ["ssh-inject ada:file:/root/.ssh/id", "secret in the script"],
    ["install gcc", "needs a network"],
    ["update", "needs a network"],
    ["touch", "needs a value"],
    ["selinux-relabel now", "takes no value"],
    ["touch /a \\", "backslash"],
    ["constructor /a", "no command that is allowed"],
    ["-a /x", "no command that is allowed"],
    ["--", "no command that is allowed"],
  ])("%s is refused", (line, words) => {
    expect(() => readCustomizeCommands(line, false)).toThrow(
      expect.objectContaining({ code: "SCRIPT_OPTION", safeMessage: expect.stringContaining(words) }),
    );
  });

  it("a symbol's value cannot become another command", () => {
    const hostile = { ...symbols, user: "x\nupload /etc/shadow:/x" };
    const script = { kind: "customize", text: "touch /@USER@" } as const;
    expect(planScripts("cloud-init", [script], hostile, false).changes).toEqual([
      { kind: "command", line: "touch /x_upload__etc_shadow__x" },
    ]);
  });
});
