/**
 * A sign-in hook that asks the function `check_user_custom` of DARTS's config.pl. It runs that file, as DARTS does.
 * @param configFile absolute
 * @param hasOthers whether other providers have been asked before
 */
export function makeCheckUserHook(configFile: string, hasOthers: boolean): string {
  const quoted = `'${configFile.replace(/[\\']/g, "\\$&")}'`;
  const before = hasOthers ? "FAILED: [others] " : "";
  return `#!/usr/bin/perl
# Asks check_user_custom of DARTS's config.pl, for a sign-in provider "hook". Made by "postern darts convert".
use strict;
use warnings;
use File::Spec;
use JSON::PP;
BEGIN { eval { require Email::Valid; } }

our %config;
my $file = ${quoted};
my @found = stat($file) or die "$file cannot be read\\n";
die "$file: other accounts may write into it\\n" if ($found[2] & 0022) or ($found[4] and $found[4] != $>);

# What config.pl prints is no answer.
open(my $out, '>&', \\*STDOUT) or die "no output\\n";
open(STDOUT, '>&', \\*STDERR) or die "no output\\n";
sub answer { print {$out} encode_json($_[0]); exit 0; }

my $asked = decode_json(do { local $/; <STDIN> });
require $file;
my $check = $config{check_user_custom};
die "check_user_custom is no function\\n" if ref($check) ne 'CODE';
answer({ result => 'unknown' }) if $asked->{step} eq 'check';

# DARTS hands bytes over.
my ($name, $password) = ($asked->{name}, $asked->{password} // '');
utf8::encode($_) for $name, $password;
my $is_review = $asked->{step} eq 'review';
my $before = $is_review ? "SUCCESS: [$asked->{provider}] $name authenticated." : '${before}';
my %session = (
  user => $name, password => $password, runs_as_cgi => 1, remote_host => $asked->{source} // '',
  user_email => ($is_review ? $asked->{person}{email} : undef) // ($name =~ /@/ ? $name : ''),
);
my $said = $check->($name, $password, $before, \\%session) // '';
my $is_in = index($said, 'SUCCESS') >= 0;
answer({ result => $is_in ? 'person' : 'refused' }) if $is_review;
answer({ result => 'unknown' }) if not $is_in;
my $email = $session{user_email};
answer({ result => 'person', person => {
  subject => $asked->{name}, name => $asked->{name},
  email => ($email =~ /^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$/ ? $email : undef),
} });
`;
}
