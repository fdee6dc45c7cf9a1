import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { openProfile } from "../browser.ts";
import type { CaptureFixture } from "./capture-fixture.ts";
import type { CapturedViewer, CapturedViewerKind } from "./viewer-programs.ts";
import type { CleanupStack } from "../cleanup-stack.ts";

const NOVNC = fileURLToPath(new URL("../../../node_modules/@novnc/novnc/", import.meta.url));
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];
const QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Chromium at the viewer's computer. */
export async function startViewerBrowser(
  captureFixture: CaptureFixture,
  cleanup: CleanupStack,
): Promise<Browser> {
  const executablePath = await captureFixture.viewerComputer.writeWrapperScript("/usr/bin/chromium");
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...QUIET] });
  cleanup.add({ stop: () => browser.close() });
  return browser;
}

/** noVNC in Chromium, with a token by VncAuth, or with a ticket. */
export function noVncViewerKind(credential: "token" | "ticket", browser: () => Browser): CapturedViewerKind {
  return {
    name: `noVNC in Chromium, a ${credential}`,
    stays: true,
    asksForNames: true,
    sendsLoginName: false,
    open: async (captureFixture, _owner, { desktop, token }) => {
      const protocols =
        credential === "ticket" ? (await captureFixture.server.createTicket(desktop)).protocols : ["binary"];
      const origin = `https://${captureFixture.viewerComputer.address}:${captureFixture.ports.listen}`;
      return openPage(browser(), origin, makePage(token, protocols));
    },
  };
}

async function openPage(browser: Browser, origin: string, html: string): Promise<CapturedViewer> {
  const profile = await openProfile(browser);
  // A page that the test hands in itself counts as one of the Internet.
  await profile.grantPermissions(["local-network-access"], { origin });
  const page = await profile.newPage();
  await page.route(`${origin}/novnc/**`, async (route) => {
    const file = decodeURIComponent(new URL(route.request().url()).pathname.slice("/novnc/".length));
    if (file === "") await route.fulfill({ contentType: "text/html", body: html });
    else
      await route.fulfill({ contentType: "text/javascript", body: await readFile(path.join(NOVNC, file)) });
  });
  await page.goto(`${origin}/novnc/`);
  return {
    waitForColour: async (colour) => {
      await page.waitForFunction(
        `(() => {
          const canvas = document.querySelector("canvas");
          if (!canvas?.width) return false;
          const pixel = canvas.getContext("2d").getImageData(canvas.width - 2, canvas.height - 2, 1, 1).data;
          return [${colour.join(", ")}].every((value, at) => Math.abs(pixel[at] - value) < 8);
        })()`,
        undefined,
        { timeout: 60_000 },
      );
    },
    stop: () => profile.close(),
  };
}

function makePage(password: string, wsProtocols: readonly string[]): string {
  return `<!doctype html><body><div id="screen" style="width:800px;height:600px"></div>
<script type="module">
import RFB from "./core/rfb.js";
new RFB(document.getElementById("screen"), "wss://" + location.host + "/rfb", {
  credentials: { password: ${JSON.stringify(password)} }, wsProtocols: ${JSON.stringify(wsProtocols)},
});
</script>`;
}
