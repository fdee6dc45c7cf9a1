import { SecurityType } from "../../protocol/index.ts";
import type { AcceptedViewer, ViewerListener } from "../model/accepted-viewer.ts";
import { accountSecurity } from "./account-security.ts";
import { noneSecurity } from "./none-security.ts";
import { rsaAesSecurity } from "./rsa-aes-security.ts";
import type { ViewerSecurity } from "./viewer-security.ts";
import { veNCryptSecurity } from "./vencrypt-security.ts";
import { vncAuthSecurity } from "./vnc-auth-security.ts";

export interface ViewerSecurityRow {
  readonly security: ViewerSecurity;
  /** Position in the offer of each listener, lowest first; null: not offered there. */
  readonly rank: Readonly<Record<ViewerListener, number | null>>;
  /** A further condition. */
  readonly isFor: (viewer: AcceptedViewer) => boolean;
}

const hasTicket = (viewer: AcceptedViewer): boolean => viewer.ticket !== null;
const asksAccount = (viewer: AcceptedViewer): boolean => viewer.asksAccount && !hasTicket(viewer);
const hasNoTicket = (viewer: AcceptedViewer): boolean => !hasTicket(viewer) && !viewer.asksAccount;
const canBeEncrypted = (viewer: AcceptedViewer): boolean => hasNoTicket(viewer) && viewer.encrypt !== null;

/** No VeNCrypt where every viewer has to get in; nothing that encrypts inside what is encrypted already. */
function rankUnencrypted(position: number): ViewerSecurityRow["rank"] {
  return { plain: position, "one-port": position, repeater: position, tls: null, websocket: null };
}

/**
 * Every security type that viewers are offered. A new one is a file, and a row here.
 *
 * The offer lets every viewer in with its defaults, encrypted where it can be without a file:
 * - Most viewers take the first type of the offer that they know. RA2 (5) encrypts the whole session, and only viewers
 *   that can do it know its number. RA2_256 (129) is another type in TurboVNC's viewer: after VncAuth.
 * - libvncclient (Remmina, krdc, guacd) and noVNC fail at VeNCrypt without a CA file and try no other type: after VncAuth.
 * - gtk-vnc prefers VeNCrypt whatever the order: it is offered on the one port alone.
 * - noVNC up to 0.6 takes the highest number up to 16, and noVNC would wait for its page to approve of an RSA key: only
 *   VncAuth on a WebSocket.
 */
const VIEWER_SECURITY_TYPES: readonly ViewerSecurityRow[] = [
  {
    security: noneSecurity,
    rank: { plain: 0, "one-port": 0, repeater: 0, tls: 0, websocket: 0 },
    isFor: hasTicket,
  },
  {
    security: accountSecurity,
    rank: { plain: null, "one-port": null, repeater: null, tls: null, websocket: 0 },
    isFor: asksAccount,
  },
  {
    security: rsaAesSecurity(SecurityType.ra2),
    rank: rankUnencrypted(10),
    isFor: hasNoTicket,
  },
  {
    security: vncAuthSecurity,
    rank: { plain: 20, "one-port": 20, repeater: 20, tls: 20, websocket: 20 },
    isFor: hasNoTicket,
  },
  {
    security: veNCryptSecurity,
    rank: { plain: null, "one-port": 30, repeater: null, tls: null, websocket: null },
    isFor: canBeEncrypted,
  },
  {
    security: rsaAesSecurity(SecurityType.ra2_256),
    rank: rankUnencrypted(40),
    isFor: hasNoTicket,
  },
  {
    security: rsaAesSecurity(SecurityType.ra2ne_256),
    rank: rankUnencrypted(50),
    isFor: hasNoTicket,
  },
  {
    security: rsaAesSecurity(SecurityType.ra2ne),
    rank: rankUnencrypted(51),
    isFor: hasNoTicket,
  },
];

/** The security types that this viewer may choose from, in the order of the offer. */
export function offerSecurity(
  viewer: AcceptedViewer,
  rows: readonly ViewerSecurityRow[] = VIEWER_SECURITY_TYPES,
): readonly ViewerSecurity[] {
  return rows
    .flatMap(({ security, rank, isFor }) => {
      const position = rank[viewer.listener];
      return position !== null && isFor(viewer) ? [{ security, position }] : [];
    })
    .sort((one, other) => one.position - other.position)
    .map(({ security }) => security);
}
