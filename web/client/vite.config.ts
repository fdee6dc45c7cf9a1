import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root,
  base: "/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: fileURLToPath(new URL("../../dist/web/client", import.meta.url)),
    emptyOutDir: true,
    // noVNC asks the browser for its video decoders with a top-level await.
    target: "es2022",
    // Nothing as a data: address: the content security policy names one source, ourselves.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
