import { SecurityType, VeNCryptType } from "../../protocol/index.ts";
import type { AcceptedViewer, ViewerListener } from "../model/accepted-viewer.ts";

/** Encrypts all of a session without a certificate; then what encrypts the login alone. */
const WHOLE_SESSION_TYPES = [SecurityType.ra2_256, SecurityType.ra2];
const LOGIN_ONLY_TYPES = [SecurityType.ra2ne_256, SecurityType.ra2ne];

/**
 * What a viewer is offered at each door, in the order in which most viewers look. On the port for viewers alone a
 * viewer that is set to nothing gets its simple password box, unless it knows RSA-AES; on the one port it is encrypted if
 * it can be. What is encrypted already gains nothing by RSA-AES, and noVNC would wait for its page to approve of a key, which
 * pages made for VncAuth do not: there, and where only the login would be encrypted, VncAuth comes first.
 */
const OFFERS: Readonly<Record<ViewerListener, readonly SecurityType[]>> = {
  plain: [...WHOLE_SESSION_TYPES, SecurityType.vncAuth, SecurityType.veNCrypt, ...LOGIN_ONLY_TYPES],
  "one-port": [SecurityType.veNCrypt, ...WHOLE_SESSION_TYPES, SecurityType.vncAuth, ...LOGIN_ONLY_TYPES],
  repeater: [...WHOLE_SESSION_TYPES, SecurityType.vncAuth, SecurityType.veNCrypt, ...LOGIN_ONLY_TYPES],
  tls: [SecurityType.vncAuth, ...WHOLE_SESSION_TYPES, ...LOGIN_ONLY_TYPES],
  websocket: [SecurityType.vncAuth, ...WHOLE_SESSION_TYPES, ...LOGIN_ONLY_TYPES],
};

/**
 * Sub-types of VeNCrypt. Plain (256) would send the token in clear; the TLS ones prove nothing about the server;
 * X509None names no desktop, so that nobody could be let in by it.
 */
export const VENCRYPT_OFFER: readonly VeNCryptType[] = [VeNCryptType.x509Vnc, VeNCryptType.x509Plain];

/** The security types that this viewer may choose from: the policy, in one place. */
export function offerSecurity({ listener: door, encrypt }: AcceptedViewer): readonly SecurityType[] {
  const offered = OFFERS[door];
  return encrypt ? offered : offered.filter((type) => type !== SecurityType.veNCrypt);
}
