/** Fields that several resources have. */
import { z } from "zod";
import { PERMISSIONS } from "../../protocol/index.ts";

/** Any id in the API: of a machine, a desktop, a token, … */
export const resourceId = z.string().min(1).max(64);

/** Desktop id, `NAME` or `AGENT/NAME`. */
export const desktopReference = z.string().min(1).max(140);

/** How long a token or a repeater id holds; at most a year. */
export const ttlSeconds = z.number().int().min(1).max(31_536_000);

export const viewerRole = z.enum(["view", "control"]);

/** What a viewer may be denied, beside the role. Each at most once, in any order. */
export const permission = z.enum(PERMISSIONS);
export const denied = z.array(permission).max(PERMISSIONS.length);
