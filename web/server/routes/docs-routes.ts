import type { FastifyInstance, FastifyReply } from "fastify";
import { API_DOCS_STYLE } from "../api-docs/docs-style.ts";
import { writeDocsPage } from "../api-docs/docs-page.ts";
import { describeApi } from "../api-docs/openapi-document.ts";

/** What the API is, for programs and for people. It tells nothing of this server. */
export function routeDocs(api: FastifyInstance): void {
  let document: string | undefined;
  let page: string | undefined;

  api.get("/openapi.json", { config: { open: true } }, (_request, reply): FastifyReply => {
    document ??= JSON.stringify(describeApi());
    return reply.type("application/openapi+json; version=3.1").send(document);
  });

  api.get("/docs", { config: { open: true } }, (_request, reply): FastifyReply => {
    page ??= writeDocsPage();
    return reply.type("text/html; charset=utf-8").send(page);
  });

  api.get("/docs/style.css", { config: { open: true } }, (_request, reply): FastifyReply =>
    reply.type("text/css; charset=utf-8").send(API_DOCS_STYLE),
  );
}
