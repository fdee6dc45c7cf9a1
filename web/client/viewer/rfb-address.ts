/**
 * The address of the WebSocket: the ticket's path, always on the server that sent this page. `pings` tells the server that the
 * page answers its pings; a server without them ignores it.
 */
export function rfbAddress(
  ticketUrl: string,
  page: { readonly protocol: string; readonly host: string },
): string {
  const scheme = page.protocol === "http:" ? "ws:" : "wss:";
  return `${scheme}//${page.host}${new URL(ticketUrl, `${scheme}//${page.host}`).pathname}?pings`;
}
