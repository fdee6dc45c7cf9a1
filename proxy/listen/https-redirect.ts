import type { Clock } from "../../protocol/index.ts";
import { formatUrl } from "../model/advertised-addresses.ts";
import type { HostPort } from "../model/proxy-types.ts";
import { awaitFirstBytes } from "./protocol-detector.ts";
import { finishStream } from "./finish-stream.ts";
import type { AcceptedConnection } from "./tcp-listener.ts";

const HEAD_END = "\r\n\r\n";
const MAX_HEAD = 8_192;
const MAX_TARGET = 2_048;
/** A request line whose target is a path of printable ASCII; quotes and angle brackets stay out of the header. */
const REQUEST_LINE = /^([A-Z]{1,16}) (\/[!#-;=?-~]*) HTTP\/1\.[01]\r\n/;

/**
 * Answers one request of plain HTTP with the same path under https at the advertised address. What the
 * Host header says is not looked at: it would send people wherever a page made their browser ask.
 */
export function redirectToHttps({ socket }: AcceptedConnection, site: HostPort, clock: Clock): void {
  const isEnough = (head: Buffer): boolean => head.length > MAX_HEAD || head.includes(HEAD_END);
  awaitFirstBytes(socket, { clock, isEnough }, (head) => {
    if (typeof head === "string") {
      socket.destroy();
      return;
    }
    socket.write(encodeRedirect(head, site));
    finishStream(socket, clock);
  });
}

function encodeRedirect(head: Buffer, site: HostPort): string {
  const [, method, target] = REQUEST_LINE.exec(head.toString("latin1", 0, MAX_TARGET)) ?? [];
  if (method === undefined || target === undefined || !head.includes(HEAD_END)) {
    return encodeResponseHead("400 Bad Request", []);
  }
  // A form that is sent again as GET would lose what was filled in.
  const status = method === "GET" || method === "HEAD" ? "301 Moved Permanently" : "308 Permanent Redirect";
  return encodeResponseHead(status, [`Location: ${formatUrl("https", site, target)}`]);
}

function encodeResponseHead(status: string, headers: readonly string[]): string {
  const all = [...headers, "Cache-Control: no-store", "Content-Length: 0", "Connection: close"];
  return [`HTTP/1.1 ${status}`, ...all, "", ""].join("\r\n");
}
