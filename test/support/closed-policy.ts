import type { NetworkPolicy } from "../../launcher/network/network-policy.ts";

/** An administrator who has allowed nothing. */
export const CLOSED_POLICY: NetworkPolicy = { exceptions: [], forwards: [] };
