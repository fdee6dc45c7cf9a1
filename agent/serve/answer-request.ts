import type { Logger } from "pino";
import {
  describeError,
  encodeJsonFrame,
  FrameType,
  isPosternError,
  MIP2_LIMITS,
  type Reply,
  type Request,
  UNEXPLAINED,
} from "../../protocol/index.ts";

/**
 * Runs a server's request and encodes the reply. Errors outside the error family are sent without details.
 */
export async function answerRequest(
  request: Request,
  onRequest: (method: string, params: unknown) => Promise<unknown>,
  log: Logger,
): Promise<Buffer> {
  const { id, method } = request;
  try {
    const result: unknown = (await onRequest(method, request.params)) ?? {};
    const frame = encodeJsonFrame(FrameType.reply, { id, ok: true, result } satisfies Reply);
    if (frame.length <= MIP2_LIMITS.body) return frame;
    log.error({ event: "request.failed", method, bytes: frame.length }, "a reply is too long to be sent");
    return refuse(id, "REPLY_TOO_LONG", "The answer is too long to be sent.");
  } catch (error) {
    if (isPosternError(error)) {
      log.warn(
        { event: "request.refused", method, code: error.code, reason: error.message },
        "request refused",
      );
      return refuse(id, error.code, error.safeMessage ?? UNEXPLAINED);
    }
    log.error(
      { event: "request.failed", method, reason: describeError(error), err: error },
      "request failed",
    );
    return refuse(id, "INTERNAL", "The host failed to do this. Its log says why.");
  }
}

function refuse(id: number, code: string, message: string): Buffer {
  const error = { code: code.slice(0, 64), message: message.slice(0, 1000) };
  return encodeJsonFrame(FrameType.reply, { id, ok: false, error } satisfies Reply);
}
