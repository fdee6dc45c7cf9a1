import { z } from "zod";
import { resourceId } from "./field-schemas.ts";
import { accountRole, ownPasswordRequest, userCreateRequest, userName } from "./user-schemas.ts";

const { password } = ownPasswordRequest.shape;
/** Groups that an administrator fills, by their ids. */
const groups = z.array(resourceId).max(50).default([]);
const namedGroup = z.object({ id: z.string(), name: z.string() });

/** POST /invitations → 201 createdInvitation. 403 `CONFIRM_REQUIRED` for an administrator; 409 `USER_EXISTS`, `LOCAL_SIGN_IN_OFF`, `MAIL_OFF`. */
export const invitationRequest = z.strictObject({
  role: accountRole.default("user"),
  groups,
  /** Absent: the person chooses one. */
  name: userName.optional(),
  email: userCreateRequest.shape.email,
  /** From an hour to 30 days; default three days. */
  ttlSeconds: z.number().int().min(3600).max(2_592_000).default(259_200),
  /** Whether the server sends the link to `email`. */
  mail: z.boolean().default(false),
});

/** GET /invitations → invitationRow[], the newest first. DELETE /invitations/ID → 204; 404 `INVITATION_UNKNOWN`. */
export const invitationRow = z.object({
  id: z.string(),
  role: accountRole,
  groups: z.array(namedGroup),
  name: z.string().nullable(),
  email: z.string().nullable(),
  /** Whose account made it; null: the server's own socket. */
  by: z.string().nullable(),
  createdAt: z.number(),
  expiresAt: z.number(),
});
export type InvitationRow = z.infer<typeof invitationRow>;

export const createdInvitation = invitationRow.extend({
  /** Told this once. What is behind # is the secret: browsers send it nowhere. */
  url: z.string(),
  /** It is on its way to `email`. */
  mailed: z.boolean(),
});
export type CreatedInvitation = z.infer<typeof createdInvitation>;

/** POST /invitations/show → shownInvitation. 410 `INVITATION_GONE`, the same for unknown, used and expired. */
export const invitationSecret = z.strictObject({ secret: z.string().min(1).max(64) });
export const shownInvitation = invitationRow.pick({ name: true, role: true, expiresAt: true });
export type ShownInvitation = z.infer<typeof shownInvitation>;

/** POST /invitations/accept → as POST /login. 410 `INVITATION_GONE`; 409 `USER_EXISTS`, and then another name may be tried. */
export const invitationAcceptance = invitationSecret.extend({
  /** Where the invitation names nobody. */
  name: userName.optional(),
  password,
});

/** POST /sign-up → 204, whatever names there are. 403 `SIGN_UP_OFF`, 429 `SIGN_UP_LIMIT`. */
export const signUpRequest = z.strictObject({
  name: userName,
  password,
  /** What they say of themselves: a line. */
  reason: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^\P{C}*$/u, "has characters that a line may not have"),
});

/** GET /sign-up-requests → signUpRow[], the oldest first. DELETE /sign-up-requests/ID refuses → 204; 404 `SIGN_UP_UNKNOWN`. */
export const signUpRow = z.object({
  id: z.string(),
  name: z.string(),
  reason: z.string(),
  /** Where from: an address, or the /64 of one. */
  source: z.string(),
  createdAt: z.number(),
  expiresAt: z.number(),
  /** There is an account of this name. */
  taken: z.boolean(),
});
export type SignUpRow = z.infer<typeof signUpRow>;

/** POST /sign-up-requests/ID/approve → 201 userRow. 403 `CONFIRM_REQUIRED` for an administrator; 404 `SIGN_UP_UNKNOWN`, 409 `USER_EXISTS`. */
export const signUpApproval = z.strictObject({ role: accountRole.default("user"), groups });
