// Joins the compiled modules, and the packages that they import, to few files: a command that had to find and read hundreds
// of modules first took twice as long to begin.
import path from "node:path";
import { inRoot } from "./paths.mjs";
import { Problem } from "./problem.mjs";

const OWN_ADDRESS = "import.meta.url";

/** A module finds what lies beside it (a thread, a recipe, the pages) from wherever it was joined. */
function keepAddresses(folder) {
  return {
    name: "keep-addresses",
    transform(code, file) {
      if (!code.includes(OWN_ADDRESS)) return undefined;
      const relative = path.relative(folder, file).split(path.sep).join("/");
      return code.replaceAll(OWN_ADDRESS, `new URL(${JSON.stringify(relative)}, ${OWN_ADDRESS}).href`);
    },
  };
}

/**
 * Replaces the file of an entry by one that has all that every run needs; what only some commands need goes to files named
 * `chunk-…` beside it, which they load. The modules themselves stay where they are: threads and tests load them.
 */
export async function bundlePrograms(entry) {
  const { rolldown } = await import("rolldown");
  const folder = path.dirname(inRoot(entry));
  const complain = (_level, log) => {
    throw new Problem("The programs cannot be joined.", log.message);
  };
  const bundle = await rolldown({
    input: inRoot(entry),
    platform: "node",
    plugins: [keepAddresses(folder)],
    logLevel: "warn",
    onLog: complain,
  });
  try {
    // Names of classes are told in errors.
    const shape = { format: "esm", keepNames: true, chunkFileNames: "chunk-[name]-[hash].js" };
    await bundle.write({ ...shape, dir: folder, entryFileNames: "[name].js" });
  } finally {
    await bundle.close();
  }
}
