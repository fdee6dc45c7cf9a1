import type RFB from "@novnc/novnc";
import { ApiError } from "../api/api-error.ts";
import type { Api } from "../api/api-client.ts";
import type { Ticket } from "../../api/schemas.ts";
import { catalogues } from "../text/translations/languages.ts";
import { classifyRefusal } from "./classify-refusal.ts";
import { watchLine } from "./line-watch.ts";
import { LineMeter } from "./line-meter.ts";
import type { DisconnectCause, Silence } from "./viewer-connection-state.ts";
import { rfbAddress } from "./rfb-address.ts";

/** From the server's answer until the desktop's. */
const DESKTOP_TIMEOUT_MS = 20_000;

interface OpenedDesktop {
  readonly rfb: RFB;
  /** Keys and pointer do not reach the desktop. */
  readonly watchOnly: boolean;
  /** Of this connection. */
  readonly meter: LineMeter;
}

export interface DesktopDial {
  /** Where the picture goes. */
  readonly target: HTMLElement;
  /** How long the server may take for its first answer, and for each that follows until the desktop is asked. */
  readonly answerMs: number;
  readonly onOpen: (opened: OpenedDesktop) => void;
  /** Called once, unless the caller ended the connection. */
  readonly onClose: (cause: DisconnectCause, detail: string | null) => void;
  /** One side has gone silent, or answers again (null). */
  readonly onSilence: (silence: Silence | null) => void;
  readonly onClipboard: (text: string) => void;
}

function classifyTicketError(error: unknown): [DisconnectCause, string | null] {
  if (!(error instanceof ApiError)) return ["unreachable", null];
  if (error.code.endsWith("_OFFLINE")) return ["hostAway", null];
  if (error.code === "NETWORK" || error.status >= 500) return ["unreachable", null];
  if (error.status === 404) return ["gone", null];
  if (error.code in catalogues.en.errors) return ["refused", error.code];
  return ["refused", error.message === "" ? null : error.message];
}

/** Who is refused the keyboard may still be allowed to watch. */
async function obtainTicket(
  api: Api,
  desktopId: string,
  signal: AbortSignal,
): Promise<{ readonly ticket: Ticket; readonly watchOnly: boolean }> {
  try {
    return { ticket: await api.createTicket(desktopId, "control", signal), watchOnly: false };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "DESKTOP_FORBIDDEN") throw error;
    return { ticket: await api.createTicket(desktopId, "view", signal), watchOnly: true };
  }
}

/** One attempt: a new ticket, a WebSocket, noVNC on it. Returns a function that ends it. */
export function dialDesktop(
  api: Api,
  desktopId: string,
  { target, answerMs, ...handlers }: DesktopDial,
): () => void {
  const stop = new AbortController();
  let rfb: RFB | null = null;
  let socket: WebSocket | null = null;
  let answered = false;
  let opened = false;
  let serverReason: string | null = null;
  let refused = false;
  let ended = false;
  let unwatch = () => {};

  const release = () => {
    stop.abort();
    window.clearTimeout(deadline);
    unwatch();
    if (!ended) rfb?.disconnect();
    ended = true;
    socket?.close();
  };
  const finish = (cause: DisconnectCause, detail: string | null) => {
    if (stop.signal.aborted) return;
    release();
    handlers.onClose(cause, detail);
  };
  let deadline: number | undefined;
  const waitAtMost = (ms: number, otherwise: DisconnectCause) => {
    window.clearTimeout(deadline);
    deadline = window.setTimeout(() => finish(otherwise, null), ms);
  };
  waitAtMost(answerMs, "unreachable");

  const run = async () => {
    const [{ ticket, watchOnly }, novnc] = await Promise.all([
      obtainTicket(api, desktopId, stop.signal),
      import("@novnc/novnc"),
    ]);
    if (stop.signal.aborted) return;
    waitAtMost(answerMs, "unreachable");
    socket = new WebSocket(rfbAddress(ticket.url, location), ticket.protocols);
    socket.addEventListener("open", () => {
      answered = true;
      waitAtMost(DESKTOP_TIMEOUT_MS, "noDesktop");
    });
    socket.addEventListener("close", ({ reason }) => {
      if (reason !== "") serverReason ??= reason;
    });
    const meter = new LineMeter(performance.now());
    // Before noVNC is attached: it would read text messages as RFB.
    unwatch = watchLine(socket, {
      meter,
      onSilence: (silence) => {
        if (opened && !ended) handlers.onSilence(silence);
      },
      onGivenUp: () => finish("unreachable", null),
    });
    const screen = new novnc.default(target, socket, { shared: true });
    rfb = screen;
    const flip = screen._display.flip.bind(screen._display);
    screen._display.flip = (fromQueue) => {
      // An update whose pictures are still being decoded comes twice.
      if (fromQueue !== true) meter.countFrame();
      flip(fromQueue);
    };
    // The last picture behind it stays visible during the attempt.
    screen.background = "transparent";
    screen.addEventListener("connect", () => {
      opened = true;
      window.clearTimeout(deadline);
      handlers.onOpen({ rfb: screen, watchOnly, meter });
    });
    screen.addEventListener("clipboard", ({ detail }) => handlers.onClipboard(detail.text));
    screen.addEventListener("securityfailure", ({ detail }) => {
      refused = true;
      serverReason = detail.reason ?? serverReason;
    });
    screen.addEventListener("credentialsrequired", () =>
      finish(classifyRefusal(serverReason, "refused"), serverReason),
    );
    screen.addEventListener("disconnect", () => {
      ended = true;
      const otherwise = refused ? "refused" : opened ? "lost" : answered ? "noDesktop" : "unreachable";
      finish(classifyRefusal(serverReason, otherwise), serverReason);
    });
  };
  run().catch((error: unknown) => finish(...classifyTicketError(error)));
  return release;
}
