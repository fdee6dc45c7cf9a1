// The order of the packages is enforced here (see layers.ts): a package that may not know another cannot import it, and
// nobody reaches past a package's door (its index.ts). dependency-cruiser looks at the order inside.
import node from "eslint-plugin-n";
import tseslint from "typescript-eslint";
import { PACKAGES } from "./layers.ts";

const IO_MODULES = ["net", "tls", "fs", "fs/promises", "http", "https", "dgram", "child_process"];

/** Besides a package's index.ts. */
const OTHER_DOORS = {
  // Without Node and without zod: what the pages have in common with the server.
  "web -> protocol": ["backoff", "host-port", "mip2/names", "mip2/machine-state", "rfb/cut-text"],
  // The schemas alone: a command that asks the server need not load a server.
  "bin -> web": ["api/schemas"],
};

const direction = Object.entries(PACKAGES).map(([name, allowed]) => {
  const patterns = Object.keys(PACKAGES)
    .filter((other) => other !== name)
    .map((other) => {
      if (!allowed.includes(other))
        return { regex: `^(\\.\\./)+${other}/`, message: `${name}/ may not import ${other}/.` };
      const doors = OTHER_DOORS[`${name} -> ${other}`] ?? [];
      return {
        regex: `^(\\.\\./)+${other}/(?!(${["index", ...doors].join("|")})\\.ts$)`,
        message: `Use the door ${other}/index.ts.`,
      };
    });
  if (name === "protocol") {
    patterns.push({
      regex: `^(node:)?(${IO_MODULES.join("|")})$|^ws$|^pino$`,
      message: "protocol/ does no I/O.",
    });
  }
  return {
    files: [`${name}/**/*.ts`, `${name}/**/*.tsx`],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "bin/runtime/", "coverage/", "**/*.d.ts", "docs/"] },
  ...tseslint.configs.strict,
  {
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      "no-duplicate-imports": "error",
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
    },
  },
  {
    files: ["{protocol,proxy,agent,launcher,orchestrator,web,bin,test}/**/*.{ts,tsx}"],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.test.json", "./web/client/tsconfig.json"],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
    },
  },
  { files: ["bin/**", "test/bench/**", "test/soak/**"], rules: { "no-console": "off" } },
  { files: ["test/**"], rules: { "@typescript-eslint/no-non-null-assertion": "off" } },
  {
    // The agent may run on older hosts than the server.
    files: ["agent/**/*.ts", "protocol/**/*.ts"],
    plugins: { n: node },
    rules: {
      "n/no-unsupported-features/node-builtins": ["error", { version: ">=20.19.0" }],
      "n/no-unsupported-features/es-builtins": ["error", { version: ">=20.19.0" }],
      "n/no-unsupported-features/es-syntax": ["error", { version: ">=20.19.0", ignores: ["modules"] }],
    },
  },
  ...direction,
);
