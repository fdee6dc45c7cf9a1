import { expect, test } from "vitest";
import { loadSetup } from "./load-setup.ts";

const { explainNodeVersion } = await loadSetup<{ explainNodeVersion(version: string): string | undefined }>(
  "node-version.mjs",
);

test.each(["20.19.0", "v20.20.2", "22.0.0", "24.4.1"])("Node %s will do", (version) => {
  expect(explainNodeVersion(version)).toBeUndefined();
});

test.each(["20.18.9", "18.20.0", "v12.22.0"])("Node %s is too old, in plain words", (version) => {
  expect(explainNodeVersion(version)).toContain(`needs Node.js 20.19 or newer, and this is ${version}.`);
});
