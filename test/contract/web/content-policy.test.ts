import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../protocol/index.ts";
import { openProxy, openStores } from "../../../proxy/index.ts";
import { openProfile, startBrowser } from "../../support/browser.ts";
import { CleanupStack } from "../../support/cleanup-stack.ts";
import { openWebAndOrchestrator } from "../../support/open-web-and-orchestrator.ts";

const SCRIPT = `
const refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective + " " + event.blockedURI));
const settle = (target, names) => new Promise((resolve) => names.forEach((name) => target.addEventListener(name, resolve)));
window.attempt = async (url) => {
  refused.length = 0;
  try {
    const socket = new WebSocket(url);
    await settle(socket, ["open", "error", "close"]);
    socket.close();
  } catch {}
  return [...refused];
};
window.draw = async (src) => {
  refused.length = 0;
  const image = new Image();
  const done = settle(image, ["load", "error"]);
  image.src = src;
  await done;
  return [...refused];
};
// At once: what the browser's own tools call may evaluate text whatever the policy says.
try { window.evaluated = new Function("return true")(); } catch { window.evaluated = false; }
`;
const PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

async function openPage() {
  const dir = await mkdtemp(path.join(tmpdir(), "postern-csp-"));
  await mkdir(path.join(dir, "assets"));
  await writeFile(path.join(dir, "index.html"), '<!doctype html><script src="/assets/a.js"></script>');
  await writeFile(path.join(dir, "assets", "a.js"), SCRIPT);
  const clock = systemClock;
  const log = pino({ level: "silent" });
  const stores = await openStores({ database: `sqlite:${dir}/db`, masterKey: Buffer.alloc(32) }, clock);
  const listen = { host: "127.0.0.1", port: 0 };
  const options = { listen, rfbListen: null, advertise: null, dataDir: dir, allowOrigins: [] };
  const proxy = await openProxy({ ...options, stores, log, clock });
  const web = await openWebAndOrchestrator({
    proxy,
    adminSocket: path.join(dir, "s"),
    clientDir: dir,
    log,
    clock,
  });
  await proxy.start(web.server);
  onTestFinished(async () => {
    await web.close();
    await proxy.close();
    await stores.close();
    await rm(dir, { recursive: true });
  });
  const cleanup = new CleanupStack();
  onTestFinished(() => cleanup.close());
  const browser = await startBrowser(cleanup);
  const { port } = proxy.addresses.listen;
  const page = await (await openProfile(browser)).newPage();
  return { page, port };
}

test("Chromium lets our pages open their WebSocket and draw what noVNC draws, and nothing of another host", async () => {
  const { page, port } = await openPage();
  await page.goto(`https://127.0.0.1:${port}/`);
  const attempt = (url: string) => page.evaluate(`attempt(${JSON.stringify(url)})`);
  expect(await attempt(`wss://127.0.0.1:${port}/rfb`)).toEqual([]);
  expect(await attempt("wss://evil.test/rfb")).toEqual([expect.stringMatching(/^connect-src /)]);
  expect(await attempt(`wss://127.0.0.1:${port + 1}/rfb`)).toEqual([expect.stringMatching(/^connect-src /)]);
  expect(await page.evaluate(`draw(${JSON.stringify(PIXEL)})`)).toEqual([]);
  expect(await page.evaluate('draw("https://evil.test/a.png")')).toEqual([
    expect.stringMatching(/^img-src /),
  ]);
  expect(await page.evaluate("evaluated")).toBe(false);

  await page.goto(`https://localhost:${port}/`);
  expect(await attempt(`wss://localhost:${port}/rfb`), "'self' alone is enough").toEqual([]);
});
