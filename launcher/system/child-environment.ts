/** What programs of QEMU may know: where programs and their files are, and in which language to complain. */
const PASSED = new Set([
  ...["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH"],
  // Where systemd-run finds the account's own systemd.
  "XDG_RUNTIME_DIR",
]);

/**
 * The environment for children, without anything that was meant for us: join secrets, passwords of databases and proxies.
 * With execa, `extendEnv: false` goes with it.
 */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(own).filter(([name]) => PASSED.has(name) || name.startsWith("LC_")),
  );
}
