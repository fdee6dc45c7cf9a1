import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Clock } from "../../../protocol/index.ts";
import { hashSecret, type BegunRequest, type Stores } from "../../../proxy/index.ts";
import { findOperation } from "../../api/operations/index.ts";
import { InputInvalid, refuse } from "../http-errors.ts";

/** How long an answer is given again. */
const REMEMBERED_MS = 24 * 3_600_000;
/** Longer than any request takes: a server that has not answered by then is taken for gone. */
const HELD_MS = 120_000;
/** Requests with a key that one account may have in this time. */
const MAX_REPEATED_REQUESTS = 1000;
/** An answer that is longer is not kept. */
const MAX_KEPT_BYTES = 65_536;
const REFUSALS = { other: "REQUEST_OTHER", running: "REQUEST_RUNNING", full: "LIMIT_REQUESTS" } as const;
const KEY = /^[\x21-\x7e]{1,255}$/;

declare module "fastify" {
  interface FastifyRequest {
    /** What this request has begun, and how it is finished. */
    begun: BegunRequest | null;
  }
}

interface RepeatedRequestsContext {
  readonly store: Stores["repeatedRequests"];
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Requests with an `Idempotency-Key` are done once: who sends one again, since no answer came, gets the first answer. Only what
 * was done is kept; a refusal is judged anew each time. After the guard of logins.
 */
export function answerRepeatedRequests(
  api: FastifyInstance,
  { store, clock, log }: RepeatedRequestsContext,
): void {
  api.decorateRequest("begun", null);

  api.addHook("preHandler", async (request, reply) => {
    const wanted = describeRequest(request, clock.now());
    if (wanted === null) return;
    const state = await store.begin(wanted, clock.now(), MAX_REPEATED_REQUESTS);
    if (state.kind === "begun") {
      request.begun = wanted;
      return;
    }
    if (state.kind !== "done") throw refuse(REFUSALS[state.kind]);
    if (state.answer === null) throw refuse("REQUEST_TOLD_ONCE");
    await sendAgain(reply, state.status, state.answer);
  });

  api.addHook("onSend", async (request, reply, payload) => {
    const { begun } = request;
    if (begun === null) return payload;
    request.begun = null;
    // What was done is done, whether or not it can be kept in mind.
    await (
      reply.statusCode < 300
        ? store.finish(begun, reply.statusCode, keepable(request, payload))
        : store.forget(begun)
    ).catch((error: unknown) => {
      log.warn({ event: "http.answer", err: error }, "the answer of a request with a key is not kept");
    });
    return payload;
  });
}

/** Null: it has no key, or is none of those that take one. */
function describeRequest(request: FastifyRequest, now: number): BegunRequest | null {
  const { caller, headers, method, url, body } = request;
  const given = headers["idempotency-key"];
  if (given === undefined || caller === null || !takesKey(request)) return null;
  if (typeof given !== "string" || !KEY.test(given))
    throw new InputInvalid("Idempotency-Key", "is 1 to 255 visible characters of ASCII.");
  return {
    // Who has another role by now is judged anew.
    key: hash(["key", caller.userId, caller.role, given]),
    owner: caller.userId,
    request: hash([method, url, JSON.stringify(body ?? null)]),
    heldUntil: now + HELD_MS,
    expiresAt: now + REMEMBERED_MS,
  };
}

function takesKey({ method, routeOptions }: FastifyRequest): boolean {
  return findOperation(method, routeOptions.url ?? "")?.repeatable !== undefined;
}

/** Secrets that are told once are not kept: the database has none of them, sealed or not. */
function keepable({ method, routeOptions }: FastifyRequest, payload: unknown): string | null {
  if (typeof payload !== "string" || Buffer.byteLength(payload) > MAX_KEPT_BYTES) return null;
  const { toldOnce = [] } = findOperation(method, routeOptions.url ?? "")?.repeatable ?? {};
  const answer = JSON.parse(payload) as Readonly<Record<string, unknown>>;
  return toldOnce.some((field) => field in answer) ? null : payload;
}

async function sendAgain(reply: FastifyReply, status: number, answer: string): Promise<void> {
  await reply.code(status).type("application/json; charset=utf-8").send(answer);
}

function hash(parts: readonly string[]): string {
  return hashSecret(JSON.stringify(parts));
}
