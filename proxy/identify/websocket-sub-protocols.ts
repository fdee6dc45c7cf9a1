/** The one sub-protocol that we answer with: RFB's bytes in binary messages. */
export const BINARY_SUB_PROTOCOL = "binary";
const TICKET_PREFIX = "postern.ticket.";
/** 32 bytes in base64url. */
const TICKET = /^[A-Za-z0-9_-]{43}$/;

export type SubProtocolOffer =
  | { readonly kind: "token" }
  | { readonly kind: "ticket"; readonly ticket: string }
  | { readonly kind: "wrong" };

/** The sub-protocols that a page offers to present this ticket. */
export function offerTicketSubProtocols(ticket: string): string[] {
  return [BINARY_SUB_PROTOCOL, TICKET_PREFIX + ticket];
}

/**
 * What a Sec-WebSocket-Protocol header offers: nothing or `binary` (the token follows in-band), or `binary` with one
 * ticket. Other sub-protocols beside `binary` are left alone, since the choice is the server's (RFC 6455 §4.2.2): old noVNC
 * offers `base64` too. Without `binary` it is wrong, and so is a second ticket.
 */
export function readSubProtocolOffer(header: string | undefined): SubProtocolOffer {
  if (header === undefined) return { kind: "token" };
  const offered = header.split(",").map((name) => name.trim());
  if (!offered.includes(BINARY_SUB_PROTOCOL)) return { kind: "wrong" };
  const [first, ...others] = offered.filter((name) => name.startsWith(TICKET_PREFIX));
  if (first === undefined) return { kind: "token" };
  const ticket = first.slice(TICKET_PREFIX.length);
  return others.length === 0 && TICKET.test(ticket) ? { kind: "ticket", ticket } : { kind: "wrong" };
}
