import fastifyCookie from "@fastify/cookie";
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
} from "fastify";
import { STATUS_CODES } from "node:http";
import type { Logger } from "pino";
import { hasFewJsonMarks } from "../../protocol/index.ts";
import type { ProblemBody } from "../api/schemas.ts";
import { describeForCaller, refuse } from "./http-errors.ts";
import { limitRequests } from "./limit-requests.ts";
import { sendUnknownPage } from "./serve-pages.ts";

const BODY_BYTES = 64 * 1024;
/** Brackets, commas and strings of a body: they cost more than bytes, and some requests come from strangers. */
const BODY_MARKS = 4096;
const HEADERS_MS = 5000;
const REQUEST_MS = 15_000;
const KEEP_ALIVE_MS = 30_000;

/** An application without routes: limits, error bodies and request logging. */
export async function buildApp(log: Logger): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = log;
  const app = Fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: 1000 },
    frameworkErrors(error, _request, reply) {
      sendError(reply as FastifyReply, error);
    },
    clientErrorHandler(error, socket) {
      // The error carries the raw bytes of the request, secrets and all: only its code is logged.
      log.debug({ event: "http.malformed", code: error.code }, "a connection spoke no HTTP");
      if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
      else socket.destroy();
    },
  });
  limitRequests(app.server);
  app.removeContentTypeParser("text/plain");
  limitJson(app);
  app.setErrorHandler((error, request, reply) => {
    sendError(reply, error);
    if (reply.statusCode === 500)
      log.error({ event: "http.fault", err: error, route: request.routeOptions.url }, "a request failed");
  });
  app.setNotFoundHandler((request, reply) => {
    if (!sendUnknownPage(request, reply)) sendError(reply, refuse("ROUTE_UNKNOWN"));
  });
  logRequests(app, log);
  await app.register(fastifyCookie);
  return app;
}

/** Fastify's own parser, for what is cheap to parse. */
function limitJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (hasFewJsonMarks(body, BODY_MARKS)) void parse(request, body.toString("utf8"), done);
    else done(refuse("BODY_TOO_LARGE"));
  });
}

function sendError(reply: FastifyReply, error: unknown): void {
  const { status, body, retryAfterSeconds } = describeForCaller(error);
  if (retryAfterSeconds !== undefined) void reply.header("retry-after", retryAfterSeconds);
  const { code, message: detail } = body.error;
  const title = STATUS_CODES[status] ?? "Error";
  const problem: ProblemBody = { type: `urn:postern:error:${code}`, title, status, detail, code, ...body };
  void reply.code(status).header("cache-control", "no-store").type("application/problem+json").send(problem);
}

/** One line for each request: the route's pattern, never the address, whose query may hold anything. */
function logRequests(app: FastifyInstance, log: Logger): void {
  app.addHook("onResponse", (request, reply, done) => {
    log.debug(
      {
        event: "http.request",
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        user: request.caller?.userId ?? null,
      },
      "answered a request",
    );
    done();
  });
}
