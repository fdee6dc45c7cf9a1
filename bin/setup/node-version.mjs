// Kept free of anything that an old Node.js cannot read, so that it can say so in words.

/** Set-up itself runs on this one. */
export const OLDEST_FOR_SETUP = [20, 19];
/** Everything else runs on this one: the first with a SQLite that needs no warning (docs/adr/0024-node-sqlite.md). */
export const OLDEST_RUNTIME = [24, 15];

export function isAtLeast(version, [oldestMajor, oldestMinor]) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** What is wrong with this version of Node.js, as a sentence; undefined when set-up can run on it. */
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
