// `npm run lint:imports`: the order of layers.ts, and no circles, of types neither.
import { LAYERS } from "./layers.ts";

const escape = (text) => text.replaceAll(".", "\\.");

/** What belongs to a name of layers.ts, as a pattern: a folder, a file, or the files of the package's folder. */
function patternOf(base, name) {
  if (name === ".") return `^${base}/(?!index\\.tsx?$)[^/]+$`;
  return name.includes(".") ? `^${base}/${escape(name)}$` : `^${base}/${name}/`;
}

const order = Object.entries(LAYERS).flatMap(([base, layers]) =>
  layers.flatMap((names, level) =>
    names.flatMap((name) => {
      const above = [...names.filter((other) => other !== name), ...layers.slice(level + 1).flat()];
      if (above.length === 0) return [];
      return [
        {
          name: `${base}: ${name} is below`,
          severity: "error",
          from: { path: patternOf(base, name) },
          to: { path: above.map((other) => patternOf(base, other)) },
        },
      ];
    }),
  ),
);

export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    { name: "unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
    ...order,
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|test)/" },
    // An import of a type is an import.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".tsx", ".js", ".mjs"],
      conditionNames: ["import", "default", "node", "types"],
      exportsFields: ["exports"],
    },
  },
};
