import type { HostPort } from "./proxy-types.ts";

/** MiP 1 has no authentication, so only peers that are named here may speak it. */
export interface Mip1Options {
  /** Addresses and CIDR ranges; empty: MiP 1 is off. */
  readonly allow: readonly string[];
  /** What Setup requests ask agents to dial. */
  readonly endpoint: HostPort;
  /** A file that lists the identifiers that may connect, one a line; absent: all are. */
  readonly identifiersFile?: string;
}
