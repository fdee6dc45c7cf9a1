import type { z } from "zod";
import type {
  Agent,
  Allowance,
  BootLog,
  CreatedInvitation,
  CreatedUser,
  MachineCredential,
  Desktop,
  DesktopAccessAnswer,
  DeviceQuestion,
  ErrorBody,
  grantCreateRequest,
  grantQuery,
  GrantRow,
  groupChange,
  groupCreateRequest,
  groupQuery,
  GroupRow,
  Image,
  invitationAcceptance,
  invitationRequest,
  InvitationRow,
  joinSecret,
  JoinSecretInput,
  LoginRow,
  LoginStep,
  Machine,
  machineCreateRequest,
  Me,
  MemberRow,
  ProfileFormat,
  ProviderTest,
  Service,
  Session,
  ShownInvitation,
  SignedOut,
  SignInForm,
  SignInSettings,
  signUpApproval,
  signUpRequest,
  SignUpRow,
  MachineSnapshot,
  Ticket,
  Token,
  TokenRow,
  UserAccess,
  userChange,
  userCreateRequest,
  UserHoldings,
  userQuery,
  OwnAccount,
  UserRow,
} from "../../api/schemas.ts";
import { ApiError } from "./api-error.ts";
import { createFactorCalls } from "./factor-calls.ts";

export type JoinSecret = z.infer<typeof joinSecret>;
/** The permissions of a token's holder. */
export type TokenRights = Pick<Token, "role" | "denied">;
export type MachineCreateInput = z.input<typeof machineCreateRequest>;
type GroupsQuery = Omit<z.input<typeof groupQuery>, "limit"> & { readonly limit: number };
type GrantsQuery = Omit<z.input<typeof grantQuery>, "limit"> & { readonly limit: number };
type GrantInput = z.input<typeof grantCreateRequest>;
export type PeopleQuery = Omit<z.input<typeof userQuery>, "limit"> & { readonly limit: number };
/** Who signed in, or what is asked next. */
export type SignInAnswer = Me | LoginStep;

export type MachineCommandName = "pause" | "resume" | "reset" | "keep" | "save" | "extend";

export const API_PREFIX = "/api/v1";

async function readError(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as ErrorBody;
    const wait = Number(response.headers.get("retry-after") ?? NaN);
    return new ApiError(error.code, response.status, error.message, {
      retryAfterSeconds: Number.isFinite(wait) ? wait : null,
      signIn: error.signIn ?? null,
    });
  } catch (cause) {
    return new ApiError("UNKNOWN", response.status, "", { cause });
  }
}

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const request: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
  if (signal !== undefined) request.signal = signal;
  if (method === "POST" || method === "PATCH") {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body ?? {});
  }
  let response: Response;
  try {
    response = await fetch(API_PREFIX + path, request);
  } catch (cause) {
    throw new ApiError("NETWORK", 0, "", { cause });
  }
  if (!response.ok) throw await readError(response);
  return response;
}

function buildQuery(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined || value === "" ? [] : [[key, String(value)]],
  );
  return new URLSearchParams(given).toString();
}

interface ApiHooks {
  /** Called for a 401, before the error is thrown. */
  readonly onSignedOut: () => void;
  /** Asks the person to confirm that it is them; false: they did not. */
  readonly confirmIdentity: () => Promise<boolean>;
}

/**
 * One method per route. Each throws {@link ApiError}. What the server does only for somebody who has just confirmed that it is them is
 * asked for once more after that.
 */
export function createApi({ onSignedOut, confirmIdentity }: ApiHooks) {
  let signInForm: SignInForm | null = null;
  const callOnce = async <T>(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> => {
    try {
      const response = await send(method, path, body, signal);
      return (response.status === 204 ? undefined : await response.json()) as T;
    } catch (error) {
      if (error instanceof ApiError && error.code === "LOGIN_REQUIRED") {
        signInForm = error.signIn ?? signInForm;
        onSignedOut();
      }
      throw error;
    }
  };
  const call: typeof callOnce = async (...request) => {
    try {
      return await callOnce(...request);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "CONFIRM_REQUIRED") throw error;
      if (!(await confirmIdentity())) throw error;
      return callOnce(...request);
    }
  };
  const personPath = (id: string) => `/users/${encodeURIComponent(id)}`;
  const groupPath = (id: string) => `/groups/${encodeURIComponent(id)}`;
  const machinePath = (id: string) => `/machines/${encodeURIComponent(id)}`;
  return {
    ...createFactorCalls(call),
    me: () => call<Me>("GET", "/me"),
    /** The fields of the sign-in page; the server sends them with every refusal for lack of a login. */
    signInForm: async (): Promise<SignInForm> => {
      if (signInForm === null) await call<Me>("GET", "/me").catch(() => undefined);
      if (signInForm === null) throw new ApiError("UNKNOWN", 0, "");
      return signInForm;
    },
    signIn: (credentials: Readonly<Record<string, string>>) =>
      call<SignInAnswer>("POST", "/login", credentials),
    answerStep: (id: string, answers: Readonly<Record<string, string>>) =>
      call<SignInAnswer>("POST", "/login/step", { id, answers }),
    signUp: (request: z.input<typeof signUpRequest>) => call<undefined>("POST", "/sign-up", request),
    showInvitation: (secret: string) => call<ShownInvitation>("POST", "/invitations/show", { secret }),
    acceptInvitation: (answer: z.input<typeof invitationAcceptance>) =>
      call<SignInAnswer>("POST", "/invitations/accept", answer),
    account: () => call<OwnAccount>("GET", "/me/account"),
    changePassword: (current: string, password: string) =>
      call<undefined>("POST", "/me/password", { current, password }),
    ownLogins: () => call<LoginRow[]>("GET", "/me/logins"),
    endOwnLogin: (id: string) => call<undefined>("DELETE", `/me/logins/${encodeURIComponent(id)}`),
    endOtherLogins: () => call<undefined>("DELETE", "/me/logins"),
    people: (query: PeopleQuery, signal: AbortSignal) =>
      call<UserRow[]>("GET", `/users?${buildQuery(query)}`, undefined, signal),
    holdings: (id: string) => call<UserHoldings>("GET", `${personPath(id)}/holdings`),
    addPerson: (person: z.input<typeof userCreateRequest>) => call<CreatedUser>("POST", "/users", person),
    changePerson: (id: string, change: z.input<typeof userChange>) =>
      call<UserRow>("PATCH", personPath(id), change),
    resetPassword: (id: string) => call<{ password?: string }>("POST", `${personPath(id)}/password`),
    removePerson: (id: string) => call<undefined>("DELETE", personPath(id)),
    invitations: () => call<InvitationRow[]>("GET", "/invitations"),
    invite: (wanted: z.input<typeof invitationRequest>) =>
      call<CreatedInvitation>("POST", "/invitations", wanted),
    revokeInvitation: (id: string) => call<undefined>("DELETE", `/invitations/${encodeURIComponent(id)}`),
    signUpRequests: () => call<SignUpRow[]>("GET", "/sign-up-requests"),
    approveSignUp: (id: string, account: z.input<typeof signUpApproval>) =>
      call<UserRow>("POST", `/sign-up-requests/${encodeURIComponent(id)}/approve`, account),
    refuseSignUp: (id: string) => call<undefined>("DELETE", `/sign-up-requests/${encodeURIComponent(id)}`),
    logins: (id: string) => call<LoginRow[]>("GET", `${personPath(id)}/logins`),
    endLogin: (id: string, login: string) =>
      call<undefined>("DELETE", `${personPath(id)}/logins/${encodeURIComponent(login)}`),
    endLogins: (id: string) => call<undefined>("DELETE", `${personPath(id)}/logins`),
    personAccess: (id: string) => call<UserAccess>("GET", `${personPath(id)}/access`),
    groups: (query: GroupsQuery, signal: AbortSignal) =>
      call<GroupRow[]>("GET", `/groups?${buildQuery(query)}`, undefined, signal),
    group: (id: string) => call<GroupRow>("GET", groupPath(id)),
    addGroup: (group: z.input<typeof groupCreateRequest>) => call<GroupRow>("POST", "/groups", group),
    changeGroup: (id: string, change: z.input<typeof groupChange>) =>
      call<GroupRow>("PATCH", groupPath(id), change),
    removeGroup: (id: string) => call<undefined>("DELETE", groupPath(id)),
    members: (id: string, query: GroupsQuery, signal: AbortSignal) =>
      call<MemberRow[]>("GET", `${groupPath(id)}/members?${buildQuery(query)}`, undefined, signal),
    addMember: (id: string, user: string) => call<undefined>("POST", `${groupPath(id)}/members`, { user }),
    removeMember: (id: string, user: string) =>
      call<undefined>("DELETE", `${groupPath(id)}/members/${encodeURIComponent(user)}`),
    grants: (query: GrantsQuery, signal: AbortSignal) =>
      call<GrantRow[]>("GET", `/grants?${buildQuery(query)}`, undefined, signal),
    addGrant: (grant: GrantInput) => call<GrantRow>("POST", "/grants", grant),
    removeGrant: (id: string) => call<undefined>("DELETE", `/grants/${encodeURIComponent(id)}`),
    /** Who may use it. */
    access: (kind: "machine" | "desktop", id: string) =>
      call<DesktopAccessAnswer>("GET", `/${kind}s/${encodeURIComponent(id)}/access`),
    signInSettings: () => call<SignInSettings>("GET", "/sign-in-settings"),
    testProvider: (id: string) =>
      call<ProviderTest>("POST", `/sign-in-settings/${encodeURIComponent(id)}/test`),
    /** With an address: the browser goes there to sign out at the service that it signed in by, too. */
    signOut: () => call<SignedOut | undefined>("POST", "/logout"),
    deviceLogin: (code: string) => call<DeviceQuestion>("GET", `/device-logins/${encodeURIComponent(code)}`),
    confirmDevice: (code: string, scopes: readonly string[]) =>
      call<undefined>("POST", `/device-logins/${encodeURIComponent(code)}/confirm`, { scopes }),
    refuseDevice: (code: string) => call<undefined>("DELETE", `/device-logins/${encodeURIComponent(code)}`),
    service: () => call<Service>("GET", "/service"),
    desktops: () => call<Desktop[]>("GET", "/desktops"),
    removeDesktop: (id: string) => call<undefined>("DELETE", `/desktops/${encodeURIComponent(id)}`),
    reportVisibleDesktops: (desktops: readonly string[]) =>
      call<undefined>("POST", "/desktops/shown", { desktops }),
    images: () => call<Image[]>("GET", "/images"),
    machines: () => call<Machine[]>("GET", "/machines"),
    createMachine: (input: MachineCreateInput) => call<Machine>("POST", "/machines", input),
    startMachine: (id: string) => call<Machine>("POST", `${machinePath(id)}/start`),
    stopMachine: (id: string, force: boolean) => call<Machine>("POST", `${machinePath(id)}/stop`, { force }),
    sendMachineCommand: (id: string, command: MachineCommandName) =>
      call<Machine>("POST", `${machinePath(id)}/${command}`),
    closeMachine: (id: string) => call<undefined>("POST", `${machinePath(id)}/close`),
    allowance: () => call<Allowance>("GET", "/allowance"),
    snapshots: (id: string) => call<MachineSnapshot[]>("GET", `${machinePath(id)}/snapshots`),
    takeSnapshot: (id: string, name: string) =>
      call<MachineSnapshot[]>("POST", `${machinePath(id)}/snapshots`, { name }),
    removeSnapshot: (id: string, name: string) =>
      call<MachineSnapshot[]>("DELETE", `${machinePath(id)}/snapshots/${encodeURIComponent(name)}`),
    restoreSnapshot: (id: string, name: string) =>
      call<Machine>("POST", `${machinePath(id)}/snapshots/${encodeURIComponent(name)}/restore`),
    credential: (id: string) => call<MachineCredential>("GET", `${machinePath(id)}/credential`),
    bootLog: (id: string) => call<BootLog>("GET", `${machinePath(id)}/boot-log`),
    removeMachine: (id: string) => call<undefined>("DELETE", machinePath(id)),
    createToken: (desktop: string, rights: TokenRights) =>
      call<Token>("POST", "/tokens", { desktop, role: rights.role, deny: rights.denied }),
    changeToken: (id: string, { role, denied }: TokenRights) =>
      call<TokenRow>("PATCH", `/tokens/${encodeURIComponent(id)}`, { role, deny: denied }),
    removeToken: (id: string) => call<undefined>("DELETE", `/tokens/${encodeURIComponent(id)}`),
    createTicket: (desktop: string, role: TokenRights["role"], signal: AbortSignal) =>
      call<Ticket>("POST", "/tickets", { desktop, role }, signal),
    createJoinSecret: (wanted: JoinSecretInput) => call<JoinSecret>("POST", "/join-secrets", wanted),
    /** Makes an agent a host, and lets a host in that waits. */
    allowHost: (id: string) =>
      call<Agent>("POST", `/agents/${encodeURIComponent(id)}/role`, { role: "host" }),
    profilePath: (desktopId: string, format: ProfileFormat) =>
      `${API_PREFIX}/desktops/${encodeURIComponent(desktopId)}/profile?format=${format}`,
    agents: () => call<Agent[]>("GET", "/agents"),
    endSession: (id: string) => call<undefined>("DELETE", `/sessions/${encodeURIComponent(id)}`),
    sessions: (limit: number) => call<Session[]>("GET", `/sessions?limit=${limit}`),
    screenshotPath: (id: string, width: number) =>
      `${API_PREFIX}${machinePath(id)}/screen.png?width=${width}`,
  };
}
export type Api = ReturnType<typeof createApi>;
