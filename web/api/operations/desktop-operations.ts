import { z } from "zod";
import {
  desktop,
  profileQuery,
  repeaterId,
  repeaterRequestBody,
  shownDesktops,
  ticket,
  ticketRequest,
  token,
  tokenChange,
  tokenRequest,
  tokenRow,
} from "../schemas.ts";
import { DESKTOP_EXAMPLE, ID, TIMES_EXAMPLE, TOKEN_ROW_EXAMPLE } from "./examples.ts";
import { answerWith, NO_CONTENT, type Operation } from "./operation.ts";

const common = { group: "Desktops", access: "signedIn", scope: "desktops" } as const;
const NAMED = ["DESKTOP_UNKNOWN", "DESKTOP_FORBIDDEN", "DESKTOP_AMBIGUOUS", "AUDIT_UNAVAILABLE"] as const;
const { expiresAt, role, denied, desktop: name } = TOKEN_ROW_EXAMPLE;

export const DESKTOP_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    scope: "read",
    method: "GET",
    path: "/desktops",
    summary: "Desktops that I may see",
    answers: answerWith(z.array(desktop), [DESKTOP_EXAMPLE]),
  },
  {
    ...common,
    method: "POST",
    path: "/desktops/shown",
    summary: "Say which desktops are on the screen now",
    details:
      "So that one of them opens at once. Pages send it again every two minutes; nothing else needs it.",
    body: shownDesktops,
    bodyExample: { desktops: [ID.desktop] },
    answers: NO_CONTENT,
  },
  {
    ...common,
    access: "operate",
    scope: "admin",
    method: "DELETE",
    path: "/desktops/:id",
    summary: "Remove a desktop that is not published now",
    pathExample: { id: ID.desktop },
    answers: NO_CONTENT,
    errors: ["DESKTOP_UNKNOWN", "DESKTOP_IN_USE"],
  },
  {
    ...common,
    method: "GET",
    path: "/desktops/:id/profile",
    summary: "A file for a VNC viewer, or for `uri` one line of text",
    pathExample: { id: ID.desktop },
    query: profileQuery,
    queryExample: { format: "tigervnc" },
    answers: [{ status: 200, summary: "The file.", mediaType: "*/*" }],
    errors: ["DESKTOP_UNKNOWN", "VIEWERS_OFF"],
  },
  {
    ...common,
    method: "POST",
    path: "/tokens",
    // A token that is revoked is nowhere in the database any more.
    repeatable: { toldOnce: ["token"] },
    summary: "Make a token for VNC viewers",
    details:
      "Eight characters for the password box of any viewer. Who has it, has the desktop, until it ends.",
    body: tokenRequest,
    bodyExample: { desktop: name, role, deny: denied, ttlSeconds: 3600 },
    answers: answerWith(
      token,
      {
        id: ID.token,
        token: "k3p9wq7z",
        desktop: name,
        role,
        denied,
        expiresAt,
        address: "desk.example.org:5900",
      },
      "The token.",
      201,
    ),
    errors: [...NAMED, "LIMIT_TOKENS"],
  },
  {
    ...common,
    scope: "read",
    method: "GET",
    path: "/tokens",
    summary: "My tokens, never their values; for those who operate the server, all",
    answers: answerWith(z.array(tokenRow), [TOKEN_ROW_EXAMPLE]),
  },
  {
    ...common,
    method: "PATCH",
    path: "/tokens/:id",
    summary: "Change what a token allows",
    details: "Ends its sessions, which may come back.",
    pathExample: { id: ID.token },
    body: tokenChange,
    bodyExample: { role: "view" },
    answers: answerWith(tokenRow, TOKEN_ROW_EXAMPLE),
    errors: ["TOKEN_UNKNOWN", ...NAMED],
  },
  {
    ...common,
    method: "DELETE",
    path: "/tokens/:id",
    summary: "End a token and its sessions",
    pathExample: { id: ID.token },
    answers: NO_CONTENT,
    errors: ["TOKEN_UNKNOWN"],
  },
  {
    ...common,
    method: "POST",
    path: "/tickets",
    summary: "A ticket for one WebSocket connection to a desktop",
    details:
      "Open `url` with the sub-protocols `protocols` within 60 s, and speak RFB over it. It works once.",
    body: ticketRequest,
    bodyExample: { desktop: name, role: "control" },
    answers: answerWith(
      ticket,
      {
        url: "wss://desk.example.org/rfb",
        protocols: ["binary", `ticket.${"t".repeat(43)}`],
        expiresAt: TIMES_EXAMPLE.created + 60_000,
        desktop: name,
      },
      "The ticket.",
      201,
    ),
    errors: NAMED,
  },
  {
    ...common,
    access: "operate",
    method: "POST",
    path: "/repeater-ids",
    summary: "A number for UltraVNC's repeater protocol",
    body: repeaterRequestBody,
    bodyExample: { desktop: name, ttlSeconds: 86_400 },
    answers: answerWith(
      repeaterId,
      { number: "123456789", expiresAt: TIMES_EXAMPLE.later },
      "The number.",
      201,
    ),
    errors: NAMED,
  },
];
