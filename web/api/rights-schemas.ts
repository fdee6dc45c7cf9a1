import { z } from "zod";
import { resourceId } from "./field-schemas.ts";
import { accountRole, userName } from "./user-schemas.ts";

/** Each contains those before it. */
export const accessLevel = z.enum(["see", "view", "control", "manage"]);
/** `create`: machines. `none` takes away what other grants give. */
const granted = z.enum(["none", ...accessLevel.options, "create"]);
const grantTarget = z.enum(["desktop", "host", "image", "label"]);

/** Small letters, so that nobody has to remember which were not. */
const label = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "is 1 to 63 of a-z, 0-9, . _ and -");
const providerId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "is no sign-in provider's id");
/** As the orchestrator knows them. */
const limits = z.record(z.string(), z.unknown());

/** POST /groups → 201 groupRow. 409 `GROUP_EXISTS`. */
export const groupCreateRequest = z.strictObject({
  name: userName,
  /** Who says who is in it: `own`, or a sign-in provider by its id. */
  source: providerId.default("own"),
  /** What the provider calls it; absent: the same. */
  knownAs: z.string().min(1).max(1024).optional(),
  limits: limits.default({}),
});
/** PATCH /groups/ID → groupRow. The limits of before are replaced. 409 `GROUP_EXISTS`. */
export const groupChange = z
  .strictObject({ name: userName.optional(), limits: limits.optional() })
  .refine((change) => Object.keys(change).length > 0, "changes nothing");

/** GET /groups (groupQuery) → groupRow[], by name; GET /groups/ID → groupRow; DELETE → 204, its grants go with it. */
export const groupRow = z.object({
  id: z.string(),
  name: z.string(),
  source: z.string(),
  knownAs: z.string(),
  limits,
  /** How many people are in it. Of a provider's group, those who have signed in since it is known here. */
  members: z.number(),
  createdAt: z.number(),
});
export type GroupRow = z.infer<typeof groupRow>;

export const groupQuery = z.object({
  search: z.string().min(1).max(64).optional(),
  after: z.string().min(1).max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** POST /groups/ID/members → 204. DELETE /groups/ID/members/USERID → 204. 409 `GROUP_ELSEWHERE`. */
export const memberRequest = z.strictObject({
  /** The account's name, or its id. */
  user: z.string().min(1).max(64),
});
export const memberParams = z.object({ id: resourceId, userId: resourceId });
export const memberQuery = groupQuery.omit({ search: true });
/** GET /groups/ID/members (memberQuery) → memberRow[], by name. */
export const memberRow = z.object({ id: z.string(), name: z.string() });
export type MemberRow = z.infer<typeof memberRow>;

const CREATE_ON = ["image", "host", "label"];
/** POST /grants → 201 grantRow. 409 `GRANT_EXISTS`, 404 `USER_UNKNOWN`, `GROUP_UNKNOWN`. */
export const grantCreateRequest = z
  .strictObject({
    /** `user:NAME` or `group:NAME`; an id in place of the name does as well. */
    to: z.string().regex(/^(?:user|group):\S(?:.{0,62}\S)?$/u, "is user:NAME or group:NAME"),
    may: granted,
    /** `desktop:NAME`, `desktop:AGENT/NAME`, `host:`, `image:` or `label:`; `*` stands for anything, `?` for one character. */
    on: z
      .string()
      .regex(
        /^(?:desktop|host|image|label):[^\p{C}]{1,256}$/u,
        "is desktop:, host:, image: or label: with a name",
      ),
  })
  .refine(({ may, on }) => may !== "create" || CREATE_ON.includes(kindOf(on)), {
    path: ["on"],
    error: "machines are created from image:, or on host: or label:",
  })
  .refine(({ may, on }) => may === "create" || may === "none" || kindOf(on) !== "image", {
    path: ["may"],
    error: "an image is there to create machines from, or to be denied",
  });

function kindOf(on: string): string {
  return on.slice(0, on.indexOf(":"));
}

export const grantQuery = z.object({
  /** `user:NAME` or `group:NAME`. */
  to: grantCreateRequest.shape.to.optional(),
  /** What it is about. */
  target: grantTarget.optional(),
  /** In the name that it is about, whatever its case. */
  search: z.string().min(1).max(64).optional(),
  /** The id of the last grant of the page before. */
  after: resourceId.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
/** GET /grants (grantQuery) → grantRow[], the oldest first. DELETE /grants/ID → 204; 404 `GRANT_UNKNOWN`. */
export const grantRow = z.object({
  id: z.string(),
  to: z.object({ kind: z.enum(["user", "group"]), id: z.string(), name: z.string() }),
  may: granted,
  on: z.object({ kind: grantTarget, pattern: z.string() }),
  createdAt: z.number(),
});
export type GrantRow = z.infer<typeof grantRow>;

/** PUT /desktops/ID/labels, /agents/ID/labels → 204: in place of those of before. GET /labels → labelRow[]. */
export const labelsRequest = z.strictObject({ labels: z.array(label).max(32) });
/** `id`: of a desktop, or of an agent. */
export const labelRow = z.object({ id: z.string(), labels: z.array(z.string()) });
export type LabelRow = z.infer<typeof labelRow>;

const usable = z.object({ id: z.string(), name: z.string(), level: accessLevel });
/** GET /users/ID/access: what may this person use? At most 1,000 of each; `more`: there are more. */
export const userAccess = z.object({
  role: accountRole,
  groups: z.array(groupRow.pick({ id: true, name: true, source: true })),
  grants: z.array(grantRow),
  machines: z.array(usable),
  desktops: z.array(usable.extend({ agent: z.string() })),
  more: z.boolean(),
});
export type UserAccess = z.infer<typeof userAccess>;

/** GET /desktops/ID/access, /machines/ID/access: who may use this? The owner, and at most 1,000 people by grants; `more`: there are more. */
export const desktopAccessAnswer = z.object({
  owner: memberRow.nullable(),
  grants: z.array(grantRow),
  /** With what is left after denials; null: nothing. Administrators and operators may use all desktops, auditors see them. */
  people: z.array(memberRow.extend({ level: accessLevel.nullable() })),
  more: z.boolean(),
});
export type DesktopAccessAnswer = z.infer<typeof desktopAccessAnswer>;
