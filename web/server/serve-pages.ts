import { existsSync } from "node:fs";
import path from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "./http-errors.ts";

/** Paths that the page routes itself: each gets the single page. */
const PAGE_PATHS = [
  ...["/", "/sessions", "/people", "/groups", "/access", "/sign-in-settings"],
  ...["/account", "/device", "/invitation", "/view/:desktopId"],
];
const INDEX = "index.html";

/**
 * Serves the built pages, in the compressed form that lies beside a file where the browser takes it. Files with a hash in their
 * name may be cached for good, the page itself not at all. A person who goes to a path without a page gets one that says so.
 */
export async function servePages(app: FastifyInstance, clientDir: string): Promise<void> {
  const root = path.resolve(clientDir);
  const page = existsSync(path.join(root, INDEX)) ? sendPage : sendNotBuilt;
  for (const url of PAGE_PATHS) app.get(url, page);
  if (page === sendNotBuilt) return;
  await app.register(fastifyStatic, {
    root,
    index: false,
    dotfiles: "ignore",
    cacheControl: false,
    preCompressed: true,
    setHeaders(response, file) {
      const hashed = file.startsWith(path.join(root, "assets") + path.sep);
      const fresh = /\.html(\.br|\.gz)?$/.test(file) ? "no-store" : "no-cache";
      response.header("cache-control", hashed ? "public, max-age=31536000, immutable" : fresh);
    },
  });
}

/** Answers a person who goes to a path that is nothing with the page, which says so; false: a program asked, or there is none. */
export function sendUnknownPage({ method, url, headers }: FastifyRequest, reply: FastifyReply): boolean {
  const isPerson = method === "GET" && !url.startsWith("/api") && /^text\/html\b/.test(headers.accept ?? "");
  if (!isPerson || !("sendFile" in reply)) return false;
  reply.code(404).sendFile(INDEX);
  return true;
}

function sendPage(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.sendFile(INDEX);
}

function sendNotBuilt(_request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { message } = refuse("PAGES_NOT_BUILT");
  return reply.code(503).type("text/plain; charset=utf-8").send(`${message}\n`);
}
