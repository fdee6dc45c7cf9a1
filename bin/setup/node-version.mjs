// Kept free of anything that an old Node.js cannot read, so that it can say so in words.

export const OLDEST_NODE = [20, 19];

/** What is wrong with this version of Node.js, as a sentence; undefined when it will do. */
export function explainNodeVersion(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return (
    `Postern needs Node.js ${oldestMajor}.${oldestMinor} or newer, and this is ${version}. ` +
    "Install a newer Node.js (nodejs.org has it for every system), then run the same command again."
  );
}

export function requireNodeVersion() {
  const problem = explainNodeVersion(process.versions.node);
  if (problem === undefined) return;
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
