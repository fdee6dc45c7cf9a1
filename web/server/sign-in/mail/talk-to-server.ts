import type { Clock } from "../../../../protocol/index.ts";
import { LineConnection } from "./line-connection.ts";
import type { MailServer } from "./mail-server.ts";

/** A sign-in at a mail server, or a look at one, from the first step to the last. */
const MAIL_SERVER_LIMIT_MS = 8000;

/** Runs `work` with a signal that ends it in time. */
export async function withinLimit<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = new AbortController();
  const cancel = clock.after(MAIL_SERVER_LIMIT_MS, () => {
    deadline.abort();
  });
  try {
    return await work(deadline.signal);
  } finally {
    cancel();
  }
}

/** On a connection of its own, which does not outlive `work`. */
export async function talkToServer<T>(
  server: MailServer,
  signal: AbortSignal,
  work: (connection: LineConnection) => Promise<T>,
): Promise<T> {
  const connection = await LineConnection.open(server, signal);
  try {
    return await work(connection);
  } finally {
    connection.close();
  }
}
