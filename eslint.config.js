// The import direction of docs/architecture.md is enforced here: a folder that may not know another cannot import it,
// and nobody reaches past a folder's door (its index.ts).
import tseslint from "typescript-eslint";

const ROOMS = ["protocol", "proxy", "agent", "launcher", "orchestrator", "web", "bin"];
const MAY_IMPORT = {
  protocol: [],
  proxy: ["protocol"],
  agent: ["protocol"],
  launcher: ["protocol"],
  web: ["protocol", "proxy"],
  bin: ["protocol", "proxy", "agent", "launcher", "web"],
};

// Without Node and without zod: what the pages have in common with the server.
const FOR_PAGES = ["backoff", "host-port", "mip2/names", "mip2/machine-state"];

const IO_MODULES = ["net", "tls", "fs", "fs/promises", "http", "https", "dgram", "child_process"];

const direction = Object.entries(MAY_IMPORT).map(([room, allowed]) => {
  const forbidden = ROOMS.filter((other) => other !== room && !allowed.includes(other));
  const patterns = forbidden.map((other) => ({
    regex: `^(\\.\\./)+${other}/`,
    message: `${room}/ may not import ${other}/.`,
  }));
  for (const other of allowed) {
    if (other === "web" || other === "proxy") continue;
    const entries = room === "web" && other === "protocol" ? `index|${FOR_PAGES.join("|")}` : "index";
    patterns.push({
      regex: `^(\\.\\./)+${other}/(?!(${entries})\\.ts$)`,
      message: `Use the door ${other}/index.ts.`,
    });
  }
  if (allowed.includes("proxy"))
    patterns.push({ regex: "^(\\.\\./)+proxy/(?!index\\.ts$)", message: "Use the door proxy/index.ts." });
  if (room === "protocol") {
    patterns.push({
      regex: `^(node:)?(${IO_MODULES.join("|")})$|^ws$|^pino$`,
      message: "protocol/ does no I/O.",
    });
  }
  return {
    files: [`${room}/**/*.ts`, `${room}/**/*.tsx`],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "coverage/", "**/*.d.ts", "docs/"] },
  ...tseslint.configs.strict,
  {
    rules: {
      "max-lines": ["error", { max: 300 }],
      "no-console": "error",
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
    },
  },
  { files: ["bin/**", "test/bench/**", "test/soak/**"], rules: { "no-console": "off" } },
  { files: ["test/**"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  ...direction,
);
