import { z } from "zod";
import {
  createdInvitation,
  invitationAcceptance,
  invitationRequest,
  invitationRow,
  invitationSecret,
  shownInvitation,
  signUpApproval,
  signUpRequest,
  signUpRow,
  userRow,
} from "../schemas.ts";
import { ID, TIMES_EXAMPLE, USER_EXAMPLE } from "./examples.ts";
import { answerWith, NO_CONTENT, type Operation } from "./operation.ts";
import { SIGNED_IN } from "./sign-in-operations.ts";

const SECRET = "i".repeat(43);
const INVITATION_EXAMPLE = {
  id: ID.invitation,
  role: "user",
  groups: [{ id: ID.group, name: "students" }],
  name: null,
  email: "nina@example.org",
  by: "ada",
  createdAt: TIMES_EXAMPLE.created,
  expiresAt: TIMES_EXAMPLE.later,
};
const SIGN_UP_EXAMPLE = {
  id: ID.signUp,
  name: "nina",
  reason: "Course on diffraction, group B",
  source: "192.0.2.7",
  createdAt: TIMES_EXAMPLE.created,
  expiresAt: TIMES_EXAMPLE.later,
  taken: false,
};

const admin = { group: "Invitations and requests", access: "administer", scope: "admin" } as const;
const reader = { ...admin, access: "audit" } as const;
const stranger = { ...admin, access: "anybody", scope: "none" } as const;
const oneInvitation = { pathExample: { id: ID.invitation } } as const;
const oneRequest = { pathExample: { id: ID.signUp } } as const;

export const NEWCOMER_OPERATIONS: readonly Operation[] = [
  {
    ...reader,
    method: "GET",
    path: "/invitations",
    summary: "Open invitations, the newest first",
    answers: answerWith(z.array(invitationRow), [INVITATION_EXAMPLE]),
  },
  {
    ...admin,
    method: "POST",
    path: "/invitations",
    summary: "Invite a person by a link that counts once",
    details:
      "The link is told this once, and sent to `email` with `mail`. It ends when its maker is disabled or may invite no more.",
    repeatable: { toldOnce: ["url"] },
    body: invitationRequest,
    bodyExample: { role: "user", email: "nina@example.org" },
    answers: answerWith(
      createdInvitation,
      { ...INVITATION_EXAMPLE, url: `https://desk.example.org/invitation#${SECRET}`, mailed: false },
      "The invitation.",
      201,
    ),
    errors: [
      ...["CONFIRM_REQUIRED", "USER_EXISTS", "GROUP_UNKNOWN", "GROUP_ELSEWHERE", "LOCAL_SIGN_IN_OFF"],
      ...["MAIL_OFF", "LIMIT_INVITATIONS", "AUDIT_UNAVAILABLE"],
    ],
  },
  {
    ...admin,
    ...oneInvitation,
    method: "DELETE",
    path: "/invitations/:id",
    summary: "Take an invitation back",
    answers: NO_CONTENT,
    errors: ["INVITATION_UNKNOWN"],
  },
  {
    ...stranger,
    method: "POST",
    path: "/invitations/show",
    summary: "What an invitation is for",
    details: "Unknown, used and expired ones are answered alike.",
    body: invitationSecret,
    bodyExample: { secret: SECRET },
    answers: answerWith(shownInvitation, { name: null, role: "user", expiresAt: TIMES_EXAMPLE.later }),
    errors: ["INVITATION_GONE", "LOGIN_THROTTLED"],
  },
  {
    ...stranger,
    method: "POST",
    path: "/invitations/accept",
    summary: "Make an account by an invitation, and sign in",
    details: "Where the invitation names nobody, `name` is what the account is to be called.",
    body: invitationAcceptance,
    bodyExample: { secret: SECRET, name: "nina", password: "correct horse" },
    answers: SIGNED_IN,
    errors: [
      ...["INVITATION_GONE", "USER_EXISTS", "LOCAL_SIGN_IN_OFF", "LOGIN_REFUSED", "LOGIN_THROTTLED"],
      ...["LOGIN_BUSY", "AUDIT_UNAVAILABLE"],
    ],
  },
  {
    ...stranger,
    method: "POST",
    path: "/sign-up",
    summary: "Ask for an account",
    details:
      "Where the server takes requests (`--sign-up approve`). An administrator answers within 14 days, or it is forgotten. Whether the name is taken is not said.",
    body: signUpRequest,
    bodyExample: { name: "nina", password: "correct horse", reason: "Course on diffraction, group B" },
    answers: NO_CONTENT,
    errors: ["SIGN_UP_OFF", "SIGN_UP_LIMIT", "LOGIN_BUSY"],
  },
  {
    ...reader,
    method: "GET",
    path: "/sign-up-requests",
    summary: "People who ask for an account, who has waited longest first",
    answers: answerWith(z.array(signUpRow), [SIGN_UP_EXAMPLE]),
  },
  {
    ...admin,
    ...oneRequest,
    method: "POST",
    path: "/sign-up-requests/:id/approve",
    summary: "Give a person the account that they ask for",
    repeatable: {},
    body: signUpApproval,
    bodyExample: { role: "user" },
    answers: answerWith(userRow, USER_EXAMPLE, "The account.", 201),
    errors: [
      ...["CONFIRM_REQUIRED", "SIGN_UP_UNKNOWN", "USER_EXISTS", "GROUP_UNKNOWN", "GROUP_ELSEWHERE"],
      "AUDIT_UNAVAILABLE",
    ],
  },
  {
    ...admin,
    ...oneRequest,
    method: "DELETE",
    path: "/sign-up-requests/:id",
    summary: "Refuse a person who asks for an account",
    answers: NO_CONTENT,
    errors: ["SIGN_UP_UNKNOWN"],
  },
];
