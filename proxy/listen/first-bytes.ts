import type { Socket } from "node:net";
import type { Clock } from "../../protocol/index.ts";

/** What a connection begins with: its bytes, nothing for a while, or its end. */
export type FirstBytes = Buffer | "silence" | "end";

export interface FirstBytesOptions {
  readonly clock: Clock;
  /** How long nothing at all is waited for; absent: as long as the connection lives. */
  readonly silenceMs?: number;
  /** Whether these bytes are enough to decide by; default: one is. */
  readonly isEnough?: (held: Buffer) => boolean;
}

/**
 * Waits for the first bytes of a connection and calls `decide` once. The bytes stay in the socket for
 * whoever goes on with it; nobody else may listen to it meanwhile.
 */
export function awaitFirstBytes(
  socket: Socket,
  { clock, silenceMs, isEnough = () => true }: FirstBytesOptions,
  decide: (first: FirstBytes) => void,
): void {
  let held: Buffer = Buffer.alloc(0);
  let settled = false;
  let cancel: () => void = () => undefined;
  const settle = (first: FirstBytes): void => {
    if (settled) return;
    settled = true;
    cancel();
    socket.off("readable", onReadable);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
    if (held.length > 0 && !socket.destroyed) socket.unshift(held);
    decide(first);
  };
  const onReadable = (): void => {
    // From Node 26 on, read() gives one chunk at a time, and no further event tells of those that wait.
    while (!settled) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null || chunk.length === 0) return;
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      cancel();
      if (isEnough(held)) settle(held);
    }
  };
  const onEnd = (): void => {
    settle("end");
  };
  // On a busy loop the timer runs while the first bytes wait in the kernel already: they are fetched first.
  const onSilence = (): void => {
    setImmediate(() => {
      onReadable();
      if (held.length === 0) settle("silence");
    });
  };
  socket.on("readable", onReadable);
  socket.on("end", onEnd);
  socket.on("close", onEnd);
  if (silenceMs !== undefined) cancel = clock.after(silenceMs, onSilence);
  if (socket.readableEnded || socket.destroyed) onEnd();
  else onReadable();
}
