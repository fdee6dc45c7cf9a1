import { z } from "zod";
import {
  desktopAccessAnswer,
  grantCreateRequest,
  grantQuery,
  grantRow,
  groupChange,
  groupCreateRequest,
  groupQuery,
  groupRow,
  labelRow,
  labelsRequest,
  memberQuery,
  memberRequest,
  memberRow,
  userAccess,
} from "../schemas.ts";
import { ID, TIMES_EXAMPLE } from "./examples.ts";
import { answerWith, NO_CONTENT, type Operation } from "./operation.ts";

const GROUP_ID = "6f1e2d3c-4b5a-4c6d-8e7f-9a0b1c2d3e76";
const OWNER_ID = "b8c7d6e5-f4a3-4b2c-8d1e-0f9a8b7c6d98";
const GRANT_ID = "a4b5c6d7-e8f9-4a0b-9c1d-2e3f4a5b6c87";

const admin = { group: "Groups and grants", access: "administer", scope: "admin" } as const;
const reader = { ...admin, access: "audit" } as const;
const one = { pathExample: { id: GROUP_ID }, errors: ["GROUP_UNKNOWN"] } as const;

const GROUP_EXAMPLE = {
  id: GROUP_ID,
  name: "teachers",
  source: "own",
  knownAs: "teachers",
  limits: { machines: 5, cpus: 8 },
  members: 1,
  createdAt: TIMES_EXAMPLE.created,
};
const MEMBER_EXAMPLE = { id: ID.user, name: "ben" };
const GRANT_EXAMPLE = {
  id: GRANT_ID,
  to: { kind: "group", id: GROUP_ID, name: "teachers" },
  may: "control",
  on: { kind: "desktop", pattern: "lab-*" },
  createdAt: TIMES_EXAMPLE.created,
};
const DESKTOP_USE_EXAMPLE = { id: ID.desktop, name: "lab-1", agent: "rack-2", level: "control" };
const MACHINE_USE_EXAMPLE = { id: ID.machine, name: "lab-1", level: "control" };

const DESKTOP_ACCESS_EXAMPLE = {
  owner: { id: OWNER_ID, name: "anna" },
  grants: [GRANT_EXAMPLE],
  people: [{ id: ID.user, name: "ben", level: "control" }],
  more: false,
};

const LABELS_DETAILS =
  "They replace those of before; an empty list takes all away. Grants `on` a `label:` take effect with it.";

export const GRANT_OPERATIONS: readonly Operation[] = [
  {
    ...reader,
    method: "GET",
    path: "/groups",
    summary: "Groups of people, by name",
    details: "For the next page, give the last name of this one as `after`.",
    query: groupQuery,
    queryExample: { search: "teach", limit: "50" },
    answers: answerWith(z.array(groupRow), [GROUP_EXAMPLE]),
  },
  {
    ...admin,
    method: "POST",
    path: "/groups",
    repeatable: {},
    tagged: true,
    summary: "Make a group",
    details:
      "With the id of a sign-in provider as `source`, that provider says at each sign-in who is in it, and calls it `knownAs`. `limits` are a person's limits by their names; a person in several groups has the most generous ones.",
    body: groupCreateRequest,
    bodyExample: { name: "teachers", limits: { machines: 5, cpus: 8 } },
    answers: answerWith(groupRow, { ...GROUP_EXAMPLE, members: 0 }, "The group.", 201),
    errors: ["GROUP_EXISTS"],
  },
  {
    ...reader,
    ...one,
    method: "GET",
    path: "/groups/:id",
    tagged: true,
    summary: "One group",
    answers: answerWith(groupRow, GROUP_EXAMPLE),
  },
  {
    ...admin,
    ...one,
    method: "PATCH",
    path: "/groups/:id",
    tagged: true,
    takesTag: true,
    summary: "Change a group's name or limits",
    details: "Limits replace those of before. A group that is renamed keeps its members and grants.",
    body: groupChange,
    bodyExample: { limits: { machines: 10 } },
    answers: answerWith(groupRow, { ...GROUP_EXAMPLE, limits: { machines: 10 } }),
    errors: ["GROUP_UNKNOWN", "GROUP_EXISTS", "AUDIT_UNAVAILABLE"],
  },
  {
    ...admin,
    ...one,
    method: "DELETE",
    path: "/groups/:id",
    takesTag: true,
    summary: "Remove a group, and its grants with it",
    details: "It waits for its audit line where one of its grants is a denial.",
    answers: NO_CONTENT,
    errors: ["GROUP_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...reader,
    ...one,
    method: "GET",
    path: "/groups/:id/members",
    summary: "Who is in a group, by name",
    details: "For the next page, give the last name of this one as `after`.",
    query: memberQuery,
    queryExample: { limit: "50" },
    answers: answerWith(z.array(memberRow), [MEMBER_EXAMPLE]),
  },
  {
    ...admin,
    ...one,
    method: "POST",
    path: "/groups/:id/members",
    summary: "Take a person into a group",
    details: "Who is in it already stays in it. `user` is the account's name, or its id.",
    body: memberRequest,
    bodyExample: { user: "ben" },
    answers: NO_CONTENT,
    errors: ["GROUP_UNKNOWN", "GROUP_ELSEWHERE", "USER_UNKNOWN", "GROUP_MEMBER_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...admin,
    method: "DELETE",
    path: "/groups/:id/members/:userId",
    summary: "Take a person out of a group",
    details:
      "Whether they were in it or not. It waits for its audit line where one of the group's grants is a denial.",
    pathExample: { id: GROUP_ID, userId: ID.user },
    answers: NO_CONTENT,
    errors: ["GROUP_UNKNOWN", "GROUP_ELSEWHERE", "USER_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...reader,
    method: "GET",
    path: "/grants",
    summary: "Grants, the oldest first",
    details:
      "`to` asks for those of one person or group themselves, `target` and `search` for those about something. For the next page, give the last id of this one as `after`.",
    query: grantQuery,
    queryExample: { to: "user:ben", target: "desktop", search: "lab", limit: "50" },
    answers: answerWith(z.array(grantRow), [
      { ...GRANT_EXAMPLE, to: { kind: "user", id: ID.user, name: "ben" } },
    ]),
    errors: ["USER_UNKNOWN", "GROUP_UNKNOWN", "GRANT_UNKNOWN"],
  },
  {
    ...admin,
    method: "POST",
    path: "/grants",
    repeatable: {},
    summary: "Grant something to a person or a group, or deny it",
    details:
      "`see`, `view`, `control` and `manage` each contain those before; `create` is for machines from an image, on a host or on what has a label; `none` takes away what other grants and the role give, but not a person's own machines, and nothing from administrators. In `on`, `*` stands for anything and `?` for one character. What is open follows within five seconds.",
    body: grantCreateRequest,
    bodyExample: { to: "group:teachers", may: "control", on: "desktop:lab-*" },
    answers: answerWith(grantRow, GRANT_EXAMPLE, "The grant.", 201),
    errors: ["USER_UNKNOWN", "GROUP_UNKNOWN", "GRANT_EXISTS", "GRANT_HOLDER_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...admin,
    method: "DELETE",
    path: "/grants/:id",
    summary: "Take a grant back",
    details: "The end of a denial waits for its audit line.",
    pathExample: { id: GRANT_ID },
    answers: NO_CONTENT,
    errors: ["GRANT_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...admin,
    access: "oversee",
    method: "GET",
    path: "/labels",
    summary: "Labels of desktops and agents",
    details: "`id` is that of a desktop or of an agent. Who has none is not there.",
    answers: answerWith(z.array(labelRow), [{ id: ID.agent, labels: ["room-12", "windows"] }]),
  },
  {
    ...admin,
    method: "PUT",
    path: "/agents/:id/labels",
    summary: "Set the labels of all desktops and machines of an agent",
    details: LABELS_DETAILS,
    pathExample: { id: ID.agent },
    body: labelsRequest,
    bodyExample: { labels: ["room-12", "windows"] },
    answers: NO_CONTENT,
    errors: ["AGENT_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...admin,
    method: "PUT",
    path: "/desktops/:id/labels",
    summary: "Set the labels of one desktop",
    details: LABELS_DETAILS,
    pathExample: { id: ID.desktop },
    body: labelsRequest,
    bodyExample: { labels: ["room-12"] },
    answers: NO_CONTENT,
    errors: ["DESKTOP_UNKNOWN", "AUDIT_UNAVAILABLE"],
  },
  {
    ...reader,
    method: "GET",
    path: "/users/:id/access",
    summary: "What a person may use, by which groups and grants",
    details: "At most 1,000 of each; `more`: there are more.",
    pathExample: { id: ID.user },
    answers: answerWith(userAccess, {
      role: "user",
      groups: [{ id: GROUP_ID, name: "teachers", source: "own" }],
      grants: [GRANT_EXAMPLE],
      machines: [MACHINE_USE_EXAMPLE],
      desktops: [DESKTOP_USE_EXAMPLE],
      more: false,
    }),
    errors: ["USER_UNKNOWN"],
  },
  {
    ...reader,
    method: "GET",
    path: "/desktops/:id/access",
    summary: "Who may use a desktop, and by which grants",
    details:
      "The owner, and at most 1,000 people who have grants about it, with what denials leave of them: `level` null is nothing. `more`: there are more. Administrators and operators, who may use every desktop, and auditors, who see it, are listed only if a grant or a denial is about it.",
    pathExample: { id: ID.desktop },
    answers: answerWith(desktopAccessAnswer, DESKTOP_ACCESS_EXAMPLE),
    errors: ["DESKTOP_UNKNOWN"],
  },
  {
    ...reader,
    method: "GET",
    path: "/machines/:id/access",
    summary: "Who may use a machine, and by which grants",
    details: "As of a desktop; the machine may be off.",
    pathExample: { id: ID.machine },
    answers: answerWith(desktopAccessAnswer, DESKTOP_ACCESS_EXAMPLE),
    errors: ["MACHINE_UNKNOWN"],
  },
];
