import type RFB from "@novnc/novnc";

function screenshotFileName(desktop: string, at: Date): string {
  const stamp = at.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  return `${desktop.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-")}-${stamp}.png`;
}

/** Downloads the picture of the screen in full resolution. */
export function saveScreenshot(rfb: RFB, desktop: string): void {
  rfb.toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = screenshotFileName(desktop, new Date());
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, "image/png");
}
