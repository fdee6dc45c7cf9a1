import type { Socket } from "node:net";
import {
  AuthError,
  PeerClosed,
  ProtocolError,
  type PosternError,
  formatHostPort,
  type HostPort,
} from "../../protocol/index.ts";
import { AGENT_LIMITS } from "../agent-limits.ts";
import type { HttpProxy } from "./http-proxy.ts";
import { abortReason } from "./with-deadline.ts";

const HEAD_END = "\r\n\r\n";

/**
 * Requests a tunnel to the server from an HTTP proxy (RFC 9110 §9.3.6). Afterwards the socket's bytes are the
 * server's.
 * @param socket connected to the proxy; the caller keeps ownership
 * @throws PeerClosed `HTTP_PROXY_*`, AuthError `HTTP_PROXY_LOGIN`, ProtocolError `HTTP_PROXY_ANSWER`, the
 *   signal's reason
 */
export async function openHttpTunnel(
  socket: Socket,
  proxy: HttpProxy,
  server: HostPort,
  signal: AbortSignal,
): Promise<void> {
  const target = formatHostPort(server);
  const login = proxy.authorization === null ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`);
  const head = await readHead(socket, signal);
  const [, status, words = ""] = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n/.exec(head) ?? [];
  if (status === undefined) throw notHttp(proxy);
  if (!status.startsWith("2")) throw explainStatus(Number(status), words, head, proxy, target);
}

/** The response's head. No byte may follow it yet, because the server waits for the client to send first. */
function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = "";
    const settle = (): void => {
      socket.off("readable", onReadable);
      socket.off("end", onEnd);
      socket.off("close", onEnd);
      socket.off("error", onError);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const onReadable = (): void => {
      // From Node 26 on, read() returns one chunk at a time, and no further event announces the waiting ones.
      let chunk: Buffer | null;
      let isNew = false;
      while ((chunk = socket.read() as Buffer | null) !== null) {
        head += chunk.toString("latin1");
        isNew = true;
      }
      if (!isNew) return;
      const end = head.indexOf(HEAD_END);
      const isRefusal = end >= 0 && !/^HTTP\/1\.[01] 2/.test(head);
      if (isRefusal || end === head.length - HEAD_END.length) {
        settle();
        resolve(head);
      } else if (end >= 0) fail(answerFault("more than an answer came from it"));
      else if (head.length > AGENT_LIMITS.httpProxyAnswerBytes) fail(answerFault("its answer does not end"));
    };
    const onEnd = (): void => {
      fail(closed("The HTTP proxy closed the connection without an answer."));
    };
    const onError = (error: Error): void => {
      fail(closed(`The connection to the HTTP proxy failed (${error.message}).`));
    };
    const onAbort = (): void => {
      fail(abortReason(signal));
    };
    socket.on("readable", onReadable);
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    socket.on("error", onError);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function explainStatus(
  status: number,
  words: string,
  head: string,
  proxy: HttpProxy,
  target: string,
): PosternError {
  const name = `The HTTP proxy ${formatHostPort(proxy)}`;
  const said =
    words === "" ? String(status) : `${status} ${words.replace(/[^\x20-\x7e]/g, "?").slice(0, 80)}`;
  // tinyproxy answers a wrong login with 401.
  if (status === 407 || status === 401) {
    const offersBasic = /^(?:proxy|www)-authenticate:.*\bbasic\b/im.test(head);
    const sentence = !offersBasic
      ? `${name} wants a login of a kind that this agent does not have: only Basic works.`
      : proxy.authorization === null
        ? `${name} wants a user and a password. Give them as http://USER:PASSWORD@HOST:PORT.`
        : `${name} did not take the user and the password. Check them.`;
    return new AuthError("HTTP_PROXY_LOGIN", `${sentence} (${said})`, { safeMessage: sentence });
  }
  const isRefusal = status === 403 || status === 405;
  const isBeyond = status === 500 || status === 502 || status === 503 || status === 504;
  const sentence = isRefusal
    ? `${name} does not allow connections to ${target}. Ask its administrator to allow CONNECT to that port, or let the server listen on 443.`
    : isBeyond
      ? `${name} cannot reach ${target}. Is the server running, and is the address right?`
      : `${name} refused the connection to ${target}.`;
  const code = isRefusal
    ? "HTTP_PROXY_FORBIDDEN"
    : isBeyond
      ? "HTTP_PROXY_UNREACHABLE"
      : "HTTP_PROXY_REFUSED";
  return new PeerClosed(code, `${sentence} (${said})`, { safeMessage: sentence });
}

function notHttp(proxy: HttpProxy): ProtocolError {
  return answerFault(`${formatHostPort(proxy)} does not answer as an HTTP proxy does`);
}

function answerFault(what: string): ProtocolError {
  const sentence = "The HTTP proxy's answer makes no sense. Check its address.";
  return new ProtocolError("HTTP_PROXY_ANSWER", `${sentence} (${what})`, { safeMessage: sentence });
}

function closed(sentence: string): PeerClosed {
  return PeerClosed.public("HTTP_PROXY_CLOSED", sentence);
}
