import { SecurityType, VeNCryptSubType } from "../../protocol/index.ts";
import type { Viewer, ViewerDoor } from "./viewer.ts";

/**
 * What a viewer is offered at each door, in the order in which most viewers look. On the port for viewers alone a
 * viewer that is set to nothing gets its simple password box; on the one port it is encrypted if it can be.
 */
const OFFERS: Readonly<Record<ViewerDoor, readonly SecurityType[]>> = {
  plain: [SecurityType.vncAuth, SecurityType.veNCrypt],
  "one-port": [SecurityType.veNCrypt, SecurityType.vncAuth],
  repeater: [SecurityType.vncAuth, SecurityType.veNCrypt],
  tls: [SecurityType.vncAuth],
  websocket: [SecurityType.vncAuth],
};

/**
 * Sub-types of VeNCrypt. Plain (256) would send the token in clear; the TLS ones prove nothing about the server;
 * X509None names no desktop, so that nobody could be let in by it.
 */
export const VENCRYPT_OFFER: readonly VeNCryptSubType[] = [
  VeNCryptSubType.x509Vnc,
  VeNCryptSubType.x509Plain,
];

/** The security types that this viewer may choose from: the policy, in one place. */
export function offerSecurity({ door, encrypt }: Viewer): readonly SecurityType[] {
  const offered = OFFERS[door];
  return encrypt ? offered : offered.filter((type) => type !== SecurityType.veNCrypt);
}
