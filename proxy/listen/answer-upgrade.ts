import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** Refuses a request to upgrade with an HTTP status and without a body, and closes the connection. */
export function answerUpgrade(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
  );
  socket.once("finish", () => socket.destroy());
}
