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

  it("takes two sections of one name for one", () => {
    expect(readMachinesConf("[a.iso]\nurl=x\n[b.iso]\n[a.iso]\ndescription=A\n").machines).toEqual([
      { file: "a.iso", line: 1, url: "x", description: "A" },
      { file: "b.iso", line: 3 },
    ]);
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
    ["$config{a} = 86400*4;", "345600"],
    ["$config{a} = 2 + (10 - 4) / 3 * -1;", "0"],
    ["$config{a} = 0.1 + 0.2;", "0.3"],
    ["$config{a} = (5);", "5"],
    ["$config{a} = \"x\" . 'y' . 1;", "xy1"],
    ['$config{a} = q(it\'s) . qq{ "x"};', 'it\'s "x"'],
    ["$config{a} = undef;", ""],
    ["$config{a} = File::Spec->tmpdir();  # the system's", "/tmp"],
    ['$config{b} = "desk"; $config{a} = "/srv/$config{b}/machines";', "/srv/desk/machines"],
    ['my $home = "/srv"; $config{a} = "${home}/x\\$home";', "/srv/x$home"],
    ['my $home = "/srv"; $config{a} = $home . "/x";', "/srv/x"],
    ["my @b = ('/mnt','/media'); $config{a} = [@b];", ["/mnt", "/media"]],
    ["my @b = ('/mnt'); $config{a} = \\@b;", ["/mnt"]],
    ["my @b = ('x'); push @b, 'y', 'z'; $config{a} = [@b, 'end'];", ["x", "y", "z", "end"]],
    ["$config{a} = ['x']; push @{$config{a}}, 'y';", ["x", "y"]],
    ['my @b=(""); $config{a} = [@b];', [""]],
    ["$config{a} = [<<'END', 'z'];\nit's\n  $x\nEND\n", ["it's\n  $x\n", "z"]],
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
    ['my $home = shift; $config{a} = "$home/x";'],
    ["my $b = 1; if (1) { $b = 2; } $config{a} = $b;"],
    ["my @b = glob('/x/*'); $config{a} = [@b];"],
    ["my @b = ('x'); $config{a} = $b[0];"],
    ['my @b = ("x"); $config{a} = "$b[0]";'],
    ["$config{a} = 1 / 0;"],
    ["$config{a} = 0755;"],
    ["$config{a} = [1..3];"],
    ["$config{a} = 1 if -e '/x';"],
    ["$config{a} ||= 1;"],
    ["$config{a} .= 'x';"],
    ["$config{a}[0] = 'x';"],
    ["$config{a}->[0] = 'x';"],
    ["push @{$config{a}}, shift;"],
    ["$config{a} = $ENV{HOME};"],
    ["$config{a} = 1"],
    ["if (1) { $config{a} = 1; }"],
    ["sub f {\n  $config{a} = 'x';\n}"],
  ])("%j is not run, but told", (source) => {
    const { settings, unread, warnings } = readConfigPl(source);
    expect([settings.size, unread]).toEqual([0, ["a"]]);
    expect(warnings).toEqual([expect.stringMatching(/^config\.pl, line \d: a is computed there/)]);
  });

  it.each([
    "# $config{a} = 1;",
    "my $text = '$config{a} = 1;';",
    "=pod\n$config{a} = 1;\n=cut\n",
    "if ($config{a} == 1) { }",
    "$config{a} =~ /x/;",
    "print $config{a}[0];",
    "print <<END;\ndon't $config{a} = 1;\nEND\n",
    "1;\n__END__\n$config{a} = 1;\n",
    "",
  ])("%j sets nothing", (source) => {
    expect(readConfigPl(source)).toEqual({ settings: new Map(), unread: [], warnings: [] });
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

  it("loses no setting behind a quotation mark in a pattern", () => {
    const source = `sub f { return shift =~ /'/; }
$config{a} = 1;
$config{b} = 2;
my $x = 'y';
$config{c} = 3;
`;
    const { settings, unread, warnings } = readConfigPl(source);
    expect(settings.size).toBe(0);
    expect(unread).toEqual(["c", "a", "b"]);
    expect(warnings).toEqual([
      "config.pl, line 5: c is computed there; set it by hand.",
      "config.pl, line 2: a could not be read there; set it by hand.",
      "config.pl, line 3: b could not be read there; set it by hand.",
    ]);
  });

  it("names what is read elsewhere, or set as a whole", () => {
    const { warnings } = readConfigPl('require "/etc/more.pl";\n%config = (%config, d => 1);\n');
    expect(warnings).toEqual([
      "config.pl, line 1: another file is read there, and not here; look into it.",
      "config.pl, line 2: %config is set as a whole, which is not read; set it by hand.",
    ]);
  });
});
