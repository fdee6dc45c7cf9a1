// Uses no syntax that an old Node.js cannot parse, so that it can report the problem.

/** The oldest version that set-up itself runs on. */
export const OLDEST_FOR_SETUP = [20, 19];
/** For everything else: the first version with a SQLite without a warning (docs/adr/0024-node-sqlite.md). */
export const OLDEST_RUNTIME = [24, 15];

export function isAtLeast(version, [oldestMajor, oldestMinor]) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** Why set-up cannot run on this version of Node.js, as a sentence; undefined when it can. */
export function explainNodeVersion(version) {
  if (isAtLeast(version, OLDEST_FOR_SETUP)) return undefined;
  return (
    `Postern needs Node.js ${OLDEST_FOR_SETUP.join(".")} or newer, and this is ${version}. ` +
    "Install a newer Node.js (nodejs.org has it for every system), then run the same command again."
  );
}

export function requireNodeVersion() {
  const problem = explainNodeVersion(process.versions.node);
  if (problem === undefined) return;
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
