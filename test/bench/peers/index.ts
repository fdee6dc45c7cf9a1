import { direct } from "./direct.ts";
import { guacd } from "./guacd.ts";
import { haproxy } from "./haproxy.ts";
import { nginx } from "./nginx.ts";
import type { Peer } from "./peer.ts";
import { postern } from "./postern.ts";
import { websockify } from "./websockify.ts";

/** In the order of the tables. */
export const PEERS: readonly Peer[] = [direct, haproxy, nginx, websockify, guacd, postern];
