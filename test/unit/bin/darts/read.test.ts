import { describe, expect, it } from "vitest";
import { readConfigPl } from "../../../../bin/darts/config-pl.ts";
import { readMachinesConf } from "../../../../bin/darts/machines-conf.ts";

describe("machines.conf", () => {
  it("has entries of two or three lines", () => {
    const text = `# images of the lab
[lab.qcow2]
description=Lab machine = the big one

[tiny.iso]
url = https://example.org/tiny.iso
description="Tiny"
# [gone.iso]
; description=nor this
`;
    expect(readMachinesConf(text)).toEqual({
      machines: [
        { file: "lab.qcow2", line: 2, description: "Lab machine = the big one" },
        { file: "tiny.iso", line: 5, url: "https://example.org/tiny.iso", description: "Tiny" },
      ],
      warnings: [],
    });
  });

  it("tells what it does not know", () => {
    expect(readMachinesConf("url=x\n[a.iso]\nsize=3\nnonsense\r\n").warnings).toEqual([
      "machines.conf, line 1: it stands before the first [name] and was left out.",
      'machines.conf, line 3: "size" is neither url nor description and was left out.',
      'machines.conf, line 4: "nonsense" is neither url nor description and was left out.',
    ]);
  });
});

describe("config.pl", () => {
  it.each([
    ["$config{a} = 12;", "12"],
    ["$config{ a }=0.75 ; # comment", "0.75"],
    ["$config{'a'} = 86_400;", "86400"],
    ['$config{"a"} = "x\\n\\"y\\" \\$z";', 'x\n"y" $z'],
    ["$config{a} = 'it\\'s $x \\n';", "it's $x \\n"],
    ["$config{a} = '';", ""],
    ["$config{a} = (\"one\", 'two', 3,);", ["one", "two", "3"]],
    ["$config{a} = [ # first\n 'one' ];", ["one"]],
    ["$config{a} = qw(/mnt /media);", ["/mnt", "/media"]],
    ["$config{a} = ();", []],
    ['$config{a} = "for @USER@ on @VM@";', "for @USER@ on @VM@"],
    ["$config{a}\n  =\n  1\n  ;", "1"],
    ["$config{a} = 1; $config{a} = 2;", "2"],
  ])("%j", (source, expected) => {
    const { settings, warnings } = readConfigPl(source);
    expect([settings.get("a"), warnings]).toEqual([expected, []]);
  });

  it.each([
    ["$config{a} = `id`;"],
    ["$config{a} = system('id');"],
    ['$config{a} = "$home/x";'],
    ['$config{a} = "x @list y";'],
    ["$config{a} = \\&check;"],
    ["$config{a} = sub { return 1; };"],
    ['$config{a} = "x" . "y";'],
    ["$config{a} = $ENV{HOME};"],
    ["$config{a} = 1"],
    ["if (1) { $config{a} = 1; }"],
    ["sub f {\n  $config{a} = 'x';\n}"],
  ])("%j is not run, but told", (source) => {
    const { settings, warnings } = readConfigPl(source);
    expect(settings.size).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/^config\.pl, line \d: a is computed there/)]);
  });

  it.each([
    "# $config{a} = 1;",
    "my $text = '$config{a} = 1;';",
    "=pod\n$config{a} = 1;\n=cut\n",
    "if ($config{a} == 1) { }",
    "$config{a} =~ /x/;",
  ])("%j sets nothing", (source) => {
    expect(readConfigPl(source)).toEqual({ settings: new Map(), warnings: [] });
  });

  it("goes on behind everything else", () => {
    const source = `package config;
our %config;
=head1 About
don't read "this
=cut
sub check { my $x = shift; if ($x =~ /[a-z]/) { return "SUCCESS"; } return 'no'; }
$config{service_max_load} = 0.8;
$config{check_user_custom} = \\&check;
$config{snapshot_lifetime} = 3600; # an hour, don't forget
1;
`;
    const { settings, warnings } = readConfigPl(source);
    expect(Object.fromEntries(settings)).toEqual({ service_max_load: "0.8", snapshot_lifetime: "3600" });
    expect(warnings).toEqual(["config.pl, line 8: check_user_custom is computed there; set it by hand."]);
  });
});
