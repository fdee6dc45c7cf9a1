/** Where the WebSocket goes: the ticket's path, but always on the server that sent this page. */
export function rfbAddress(
  ticketUrl: string,
  page: { readonly protocol: string; readonly host: string },
): string {
  const scheme = page.protocol === "http:" ? "ws:" : "wss:";
  return `${scheme}//${page.host}${new URL(ticketUrl, `${scheme}//${page.host}`).pathname}`;
}
