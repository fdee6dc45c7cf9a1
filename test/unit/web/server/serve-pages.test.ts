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
  for (const [ending, text] of [
    ["br", "brotli"],
    ["gz", "gzip"],
  ])
    for (const name of ["index.html", "assets/main-abc123.js"])
      await writeFile(path.join(clientDir, `${name}.${ending}`), text!);
  return openWebFixture({ clientDir });
}

test.each(["/", "/sessions", "/invitation", "/view/0b7e"])("%s is the page, never kept", async (url) => {
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
  ["br, gzip", "br", "brotli"],
  ["gzip", "gzip", "gzip"],
])(
  "a browser that takes %s gets the %s form that was made at the build",
  async (accepted, encoding, text) => {
    const { ask } = await openWithPages();
    for (const [url, kept] of [
      ["/", "no-store"],
      ["/assets/main-abc123.js", "public, max-age=31536000, immutable"],
    ] as const) {
      const answer = await ask("GET", url, { headers: { "accept-encoding": accepted } });
      expect(answer.headers["content-encoding"]).toBe(encoding);
      expect(answer.headers["cache-control"]).toBe(kept);
      expect(answer.raw.toString()).toBe(text);
    }
  },
);

test("a person at a path that is nothing gets a page, a program an error", async () => {
  const { ask } = await openWithPages();
  for (const url of ["/foo", "/view/a/b"]) {
    const page = await ask("GET", url, { headers: { accept: "text/html,*/*;q=0.8" } });
    expect(page.status).toBe(404);
    expect(page.headers["content-type"]).toMatch(/^text\/html/);
    expect(page.headers["cache-control"]).toBe("no-store");
    expect((await ask("GET", url)).headers["content-type"]).toMatch(/^application\/problem\+json/);
  }
  const api = await ask("GET", "/api/v1/foo", { headers: { accept: "text/html" } });
  expect(api.headers["content-type"]).toMatch(/^application\/problem\+json/);
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
