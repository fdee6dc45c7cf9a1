import { isPosternError } from "../../protocol/index.ts";
import type {
  AskedField,
  DesktopGrant,
  DesktopView,
  PeopleSignIn,
  Proxy,
  SignedInPerson,
  SignInReply,
  UserRecord,
} from "../../proxy/index.ts";
import { loginRequest, type SignInForm } from "../api/schemas.ts";
import { hasPower } from "./guard/powers.ts";
import { auditAhead } from "./guard/audit-grant.ts";
import { ThrottledError } from "./http-errors.ts";
import type { Logins } from "./sign-in/logins.ts";
import type { SignInOutcome, SignInService } from "./sign-in/sign-in-service.ts";
import { MAX_TRIES } from "./sign-in/sign-in-steps.ts";
import { mayUseDesktop, viewerOf, visibleScope, type Viewer } from "./view/permissions.ts";
import type { LoadReadModel, ReadModel } from "./view/read-model.ts";

interface ViewerSignInContext {
  readonly proxy: Pick<Proxy, "audit" | "auditDurably" | "stores" | "expectViewer" | "rights">;
  readonly signIn: SignInService;
  readonly logins: Logins;
  readonly loadReadModel: LoadReadModel;
}

type Source = Parameters<PeopleSignIn["begin"]>[1];

/** What a login of a VNC viewer is called in its owner's list. */
const VIEWER_NAME = "VNC viewer";
/** Desktops in the list of the sign-in screen; others are found by `NAME@DESKTOP`. */
const MAX_LISTED_DESKTOPS = 300;

/** Signs in people who come with a VNC viewer, as the page does: the same providers, throttles and audit lines. */
export function openViewerSignIn(context: ViewerSignInContext): PeopleSignIn {
  const { signIn } = context;
  return {
    async begin(login, source) {
      if (!loginRequest.safeParse(login).success) return { kind: "refused", triesLeft: 0 };
      return await explainFailure(0, async () =>
        continueWith(await signIn.authenticate(login, { source, via: "viewer" }), source, context),
      );
    },
  };
}

/** @param triesLeft of the same question, when this answer was wrong */
async function explainFailure(triesLeft: number, ask: () => Promise<SignInReply>): Promise<SignInReply> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ThrottledError) return { kind: "throttled", waitMs: error.retryAfterMs };
    switch (isPosternError(error) ? error.code : null) {
      case "LOGIN_REFUSED":
      case "ACCOUNT_REQUESTED":
      case "FACTOR_WRONG":
        return { kind: "refused", triesLeft };
      case "LOGIN_STEP_GONE":
        return { kind: "refused", triesLeft: 0 };
      case "LOGIN_BUSY":
      case "LOGIN_UNAVAILABLE":
        return { kind: "unavailable" };
      case "AUDIT_UNAVAILABLE":
        return { kind: "unaudited" };
      default:
        throw error;
    }
  }
}

async function continueWith(
  outcome: SignInOutcome,
  source: Source,
  context: ViewerSignInContext,
): Promise<SignInReply> {
  if (outcome.kind === "account")
    return { kind: "person", person: await openLogin(outcome, source, context) };
  const { id, form } = outcome.step;
  // A screen shows no picture of a key, and secrets do not belong onto one that others may see.
  if (form.totp !== undefined) return { kind: "elsewhere", reason: "FACTOR_MISSING" };
  if (form.fields.length === 0) return { kind: "elsewhere", reason: "FACTOR_BROWSER" };
  let triesLeft = MAX_TRIES;
  return {
    kind: "question",
    question: {
      fields: listFields(form.fields),
      ...(form.alternatives && {
        alternatives: form.alternatives.map(({ label, fields }) => ({ label, fields: listFields(fields) })),
      }),
      answer: (answers) => {
        triesLeft = Math.max(0, triesLeft - 1);
        return explainFailure(triesLeft, async () =>
          continueWith(await context.signIn.proceed(id, answers, { source, via: "viewer" }), source, context),
        );
      },
    },
  };
}

function listFields(fields: SignInForm["fields"]): AskedField[] {
  return fields.map(({ name, label, kind, maxLength }) => ({
    ...{ name, label, maxLength },
    hidden: kind === "password",
  }));
}

/** A login of its own: it ends with the session, and the session with it, whoever ends it. */
async function openLogin(
  { user, provider }: Extract<SignInOutcome, { kind: "account" }>,
  source: Source,
  context: ViewerSignInContext,
): Promise<SignedInPerson> {
  const { proxy, logins } = context;
  const { id: userId, name } = user;
  const line = {
    ...({ action: "login.success", outcome: "success", actor: userId, actorName: name } as const),
    ...{ method: provider, transport: "rfb", source },
  };
  const { hash, expiresAt } = await auditAhead(proxy, line, () =>
    logins.openWithoutCookie(userId, { address: source.address, browser: VIEWER_NAME }),
  );
  const findUser = async (): Promise<UserRecord | null> =>
    (await logins.findByHash(hash)) === null ? null : proxy.stores.users.find(userId);
  return {
    ...{ userId, name, loginHash: hash, endsAt: expiresAt },
    listDesktops: async () => listGrants(await findUser(), context),
    findDesktop: async (desktopId) => findGrant(await findUser(), desktopId, context),
    leave: () => logins.end(hash).catch(() => undefined),
  };
}

async function listGrants(
  user: UserRecord | null,
  { loadReadModel, proxy }: ViewerSignInContext,
): Promise<DesktopGrant[]> {
  const viewer = await describeViewer(user, proxy);
  if (viewer === null) return [];
  const model = await loadReadModel(visibleScope(viewer));
  const seesHosts = hasPower(viewer, "oversee");
  return [...model.desktops.values()]
    .flatMap((desktop) => makeGrant(viewer, desktop, model) ?? [])
    .sort((one, other) => compareDesktops(one.desktop, other.desktop))
    .slice(0, MAX_LISTED_DESKTOPS)
    .map((grant) => (seesHosts ? grant : { ...grant, desktop: { ...grant.desktop, agentName: "" } }));
}

async function findGrant(
  user: UserRecord | null,
  desktopId: string,
  { loadReadModel, proxy }: ViewerSignInContext,
): Promise<DesktopGrant | null> {
  const viewer = await describeViewer(user, proxy);
  if (viewer === null) return null;
  const model = await loadReadModel({ kind: "named", desktopIds: [desktopId] });
  const desktop = model.desktops.get(desktopId);
  const grant = desktop === undefined ? null : makeGrant(viewer, desktop, model);
  if (grant !== null) proxy.expectViewer(grant.desktop.agentId);
  return grant;
}

async function describeViewer(
  user: UserRecord | null,
  { rights }: ViewerSignInContext["proxy"],
): Promise<Viewer | null> {
  if (user === null || user.disabledAt !== null) return null;
  return viewerOf(rights, { userId: user.id, role: user.role });
}

function makeGrant(viewer: Viewer, desktop: DesktopView, model: ReadModel): DesktopGrant | null {
  if (!mayUseDesktop(viewer, desktop, model, "view")) return null;
  const role = mayUseDesktop(viewer, desktop, model, "control") ? "control" : "view";
  return { desktop, role, denied: [] };
}

/** Those that can be opened come first. */
function compareDesktops(one: DesktopView, other: DesktopView): number {
  const rank = ({ state }: DesktopView): number => (state === "online" ? 0 : 1);
  return rank(one) - rank(other) || one.name.localeCompare(other.name, "en", { numeric: true });
}
