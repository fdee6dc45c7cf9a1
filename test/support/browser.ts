import { type Browser, type BrowserContext, chromium } from "playwright-core";
import type { CleanupStack } from "./cleanup-stack.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Debian's Chromium, without a window. */
export async function startBrowser(cleanup: CleanupStack): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  cleanup.add({ stop: () => browser.close() });
  return browser;
}

export interface Screen {
  readonly width?: number;
  readonly height?: number;
  /** A phone's: fingers, and no mouse. */
  readonly isPhone?: boolean;
}

/** A fresh profile that takes the service's own certificate. */
export function openProfile(
  browser: Browser,
  { width = 1280, height = 800, isPhone = false }: Screen = {},
): Promise<BrowserContext> {
  return browser.newContext({
    ...{ ignoreHTTPSErrors: true, viewport: { width, height } },
    ...{ hasTouch: isPhone, isMobile: isPhone },
  });
}
