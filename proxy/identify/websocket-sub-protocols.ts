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
 * What a Sec-WebSocket-Protocol header offers: nothing or `binary` (the token follows in-band), or
 * `binary` with one ticket. Anything else is wrong, and so is a ticket without `binary`, since the
 * answer may not repeat it.
 */
export function readSubProtocolOffer(header: string | undefined): SubProtocolOffer {
  if (header === undefined) return { kind: "token" };
  const offered = header.split(",").map((name) => name.trim());
  const others = offered.filter((name) => name !== BINARY_SUB_PROTOCOL);
  if (others.length === offered.length || others.length > 1) return { kind: "wrong" };
  const [other] = others;
  if (other === undefined) return { kind: "token" };
  if (!other.startsWith(TICKET_PREFIX)) return { kind: "wrong" };
  const ticket = other.slice(TICKET_PREFIX.length);
  return TICKET.test(ticket) ? { kind: "ticket", ticket } : { kind: "wrong" };
}
