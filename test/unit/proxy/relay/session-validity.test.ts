import { describe, expect, it } from "vitest";
import type { ViewerIdentity } from "../../../../proxy/identify/viewer-identity.ts";
import { checkSessionValidity } from "../../../../proxy/relay/session-validity.ts";
import type { SessionValidity } from "../../../../proxy/index.ts";

const BY_TOKEN: ViewerIdentity = {
  desktop: {
    id: "d",
    agentId: "a",
    agentName: "agent",
    name: "desk",
    machineId: null,
    state: "online",
    createdAt: 0,
    lastSeenAt: 0,
  },
  role: "view",
  denied: ["power"],
  method: "token",
  subject: "t",
  person: null,
  rightOf: null,
  byAccount: false,
  loginHash: null,
  endsAt: 60_000,
};
const BY_TICKET: ViewerIdentity = {
  ...BY_TOKEN,
  method: "ticket",
  subject: "u",
  byAccount: true,
  endsAt: null,
};
const TOKEN = { role: "view", denied: ["power"], revoked: false } as const;

function judge(identity: ViewerIdentity, change: Partial<SessionValidity>) {
  return checkSessionValidity(identity, {
    id: "s",
    orderedEnd: null,
    desktopExists: true,
    agentRevoked: false,
    token: identity.method === "token" ? TOKEN : null,
    account: identity.byAccount ? { disabled: false } : null,
    loginEnded: false,
    ...change,
  });
}

describe("a session by token", () => {
  it.each<[string, Partial<SessionValidity>, string | null]>([
    ["as it was", {}, null],
    ["revoked", { token: { ...TOKEN, revoked: true } }, "TOKEN_REVOKED"],
    ["another role", { token: { ...TOKEN, role: "control" } }, "TOKEN_CHANGED"],
    ["more denied", { token: { ...TOKEN, denied: ["power", "audio"] } }, "TOKEN_CHANGED"],
    ["less denied", { token: { ...TOKEN, denied: [] } }, "TOKEN_CHANGED"],
    ["expired by another's clock and deleted", { token: null }, null],
    ["desktop gone", { desktopExists: false, token: null }, "DESKTOP_GONE"],
    ["agent revoked", { agentRevoked: true, desktopExists: false, token: null }, "AGENT_REVOKED"],
    ["ended by an administrator", { orderedEnd: "SESSION_ENDED" }, "SESSION_ENDED"],
    ["ended for a cause that is not known here", { orderedEnd: "LATER" }, "SESSION_ENDED"],
  ])("%s", (_name, change, cause) => {
    expect(judge(BY_TOKEN, change)).toBe(cause);
  });
});

describe("a session by ticket", () => {
  it.each<[string, Partial<SessionValidity>, string | null]>([
    ["as it was", {}, null],
    ["account disabled", { account: { disabled: true } }, "USER_REMOVED"],
    ["account removed", { account: null }, "USER_REMOVED"],
    ["account removed, and its logins with it", { account: null, loginEnded: true }, "USER_REMOVED"],
    ["login ended", { loginEnded: true }, "LOGIN_ENDED"],
  ])("%s", (_name, change, cause) => {
    expect(judge(BY_TICKET, change)).toBe(cause);
  });

  it("that no account made does not miss one", () => {
    expect(judge({ ...BY_TICKET, byAccount: false }, { account: null })).toBeNull();
  });
});
