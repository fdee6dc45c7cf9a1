import { SecurityType } from "../../protocol/index.ts";
import type { AcceptedViewer, ViewerListener } from "../model/accepted-viewer.ts";
import { noneMethod } from "./none-method.ts";
import { rsaAesMethod } from "./rsa-aes-method.ts";
import type { ViewerSecurity } from "./viewer-security.ts";
import { veNCryptMethod } from "./vencrypt-method.ts";
import { vncAuthMethod } from "./vnc-auth-method.ts";

export interface SecurityMethodRow {
  readonly method: ViewerSecurity;
  /** Position in the offer of each listener, lowest first; null: not offered there. */
  readonly rank: Readonly<Record<ViewerListener, number | null>>;
  /** A further condition. */
  readonly isFor: (viewer: AcceptedViewer) => boolean;
}

const hasNoTicket = (viewer: AcceptedViewer): boolean => viewer.ticket === null;
const hasTicket = (viewer: AcceptedViewer): boolean => viewer.ticket !== null;
const canBeEncrypted = (viewer: AcceptedViewer): boolean => hasNoTicket(viewer) && viewer.encrypt !== null;

/**
 * Every security type that viewers are offered. A new one is a file with its method, and a row here.
 *
 * Most viewers take the first type of the offer that they know. On the port for viewers alone a viewer without settings gets
 * its simple password box, unless it knows RSA-AES; on the one port it is encrypted if it can be. A connection that
 * is encrypted already gains nothing by RSA-AES, and noVNC would wait for its page to approve of a key, which pages made
 * for VncAuth do not do: there VncAuth comes first, as it does before the types that encrypt the credentials only.
 */
export const VIEWER_SECURITY_METHODS: readonly SecurityMethodRow[] = [
  {
    method: noneMethod,
    rank: { plain: 0, "one-port": 0, repeater: 0, tls: 0, websocket: 0 },
    isFor: hasTicket,
  },
  {
    method: rsaAesMethod(SecurityType.ra2_256),
    rank: { plain: 10, "one-port": 20, repeater: 10, tls: 20, websocket: 20 },
    isFor: hasNoTicket,
  },
  {
    method: rsaAesMethod(SecurityType.ra2),
    rank: { plain: 11, "one-port": 21, repeater: 11, tls: 21, websocket: 21 },
    isFor: hasNoTicket,
  },
  {
    method: vncAuthMethod,
    rank: { plain: 20, "one-port": 30, repeater: 20, tls: 10, websocket: 10 },
    isFor: hasNoTicket,
  },
  {
    method: veNCryptMethod,
    rank: { plain: 30, "one-port": 10, repeater: 30, tls: null, websocket: null },
    isFor: canBeEncrypted,
  },
  {
    method: rsaAesMethod(SecurityType.ra2ne_256),
    rank: { plain: 40, "one-port": 40, repeater: 40, tls: 40, websocket: 40 },
    isFor: hasNoTicket,
  },
  {
    method: rsaAesMethod(SecurityType.ra2ne),
    rank: { plain: 41, "one-port": 41, repeater: 41, tls: 41, websocket: 41 },
    isFor: hasNoTicket,
  },
];

/** The methods that this viewer may choose from, in the order of the offer. */
export function offerSecurity(
  viewer: AcceptedViewer,
  rows: readonly SecurityMethodRow[] = VIEWER_SECURITY_METHODS,
): readonly ViewerSecurity[] {
  return rows
    .flatMap(({ method, rank, isFor }) => {
      const position = rank[viewer.listener];
      return position !== null && isFor(viewer) ? [{ method, position }] : [];
    })
    .sort((one, other) => one.position - other.position)
    .map(({ method }) => method);
}
