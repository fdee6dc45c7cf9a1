// Imported before everything else, so that a Node.js that is too old gives a clear message instead of a stack
// trace.
const OLDEST_NODE = [24, 15] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `Postern needs Node.js ${OLDEST_NODE.join(".")} or newer, and this is ${process.version}. ` +
      "`npm start` in its folder brings one along.\n",
  );
  process.exit(1);
}
