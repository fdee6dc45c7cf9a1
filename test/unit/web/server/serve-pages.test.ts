import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openWebFixture } from "../../../support/web-fixture.ts";

async function openWithPages() {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-pages-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const clientDir = path.join(dir, "client");
  await mkdir(path.join(clientDir, "assets"), { recursive: true });
  await writeFile(path.join(clientDir, "index.html"), "<!doctype html><title>Postern</title>");
  await writeFile(path.join(clientDir, "assets", "main-abc123.js"), "export {};");
  await writeFile(path.join(clientDir, "mark.svg"), "<svg/>");
  await writeFile(path.join(clientDir, ".hidden"), "hidden");
  await writeFile(path.join(dir, "secret"), "secret");
  return openWebFixture({ clientDir });
}

test.each(["/", "/sessions", "/view/0b7e"])("%s is the page, never kept", async (url) => {
  const { ask } = await openWithPages();
  const answer = await ask("GET", url);
  expect(answer.status).toBe(200);
  expect(answer.body).toContain("<title>Postern</title>");
  expect(answer.headers["content-type"]).toMatch(/^text\/html/);
  expect(answer.headers["cache-control"]).toBe("no-store");
});

test("files whose name carries a hash are kept for good, others are asked for again", async () => {
  const { ask } = await openWithPages();
  const script = await ask("GET", "/assets/main-abc123.js");
  expect(script.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(script.headers["content-type"]).toMatch(/javascript/);
  expect((await ask("GET", "/mark.svg")).headers["cache-control"]).toBe("no-cache");
});

test.each([
  "/../secret",
  "/..%2fsecret",
  "/assets/..%2f..%2fsecret",
  "/assets/%2e%2e/%2e%2e/secret",
  "/.hidden",
  "/assets",
  "/assets/",
  "/assets/none.js",
  "/view/a/b",
  "/api",
  "/rfb",
])("%s is nothing", async (url) => {
  const { ask } = await openWithPages();
  const answer = await ask("GET", url);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.raw.toString()).not.toMatch(/secret$|hidden$/);
});

test("pages that are not built: a sentence that says how", async () => {
  const { ask } = await openWebFixture();
  const answer = await ask("GET", "/");
  expect(answer).toMatchObject({ status: 503, body: "The pages are not built. Run: npm run build\n" });
});
