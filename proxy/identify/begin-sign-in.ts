import type { Clock } from "../../protocol/index.ts";
import type { ConnectionSource } from "../model/connection-source.ts";
import { queryStateForViewer, ViewerRefusal } from "../model/viewer-refusal.ts";
import type { DesktopStore } from "../state/stores.ts";
import type {
  DesktopGrant,
  NamedReply,
  PeopleSignIn,
  SignedInPerson,
  SignInReply,
  StartedSignIn,
} from "./people-sign-in.ts";
import type { ViewerIdentity } from "./viewer-identity.ts";

/** `NAME@DESKTOP`: the last one, since names may be e-mail addresses. */
const SEPARATOR = "@";
/** Control characters, and what was no UTF-8: neither a name nor the state is asked for such. */
const UNPRINTABLE = /[\p{Cc}\uFFFD]/u;

export interface SignInServices {
  readonly people: PeopleSignIn;
  readonly desktops: Pick<DesktopStore, "findByName">;
}

export interface TypedName {
  /** `NAME` or `NAME@DESKTOP`. */
  readonly user: string;
  readonly password: string;
}

/**
 * Signs a person in by what a viewer sent as user name and password.
 * @param only ids of the desktops that the viewer came for; null: any
 * @throws ViewerRefusal `LOGIN_REFUSED`, the same for a name that is unknown; `LOGIN_THROTTLED`, `LOGIN_UNAVAILABLE`,
 *   `AUDIT_UNAVAILABLE`, `STATE_UNAVAILABLE`, `FACTOR_MISSING`, `FACTOR_BROWSER`
 */
export async function beginSignIn(
  services: SignInServices,
  source: ConnectionSource,
  typed: TypedName,
  only: ReadonlySet<string> | null,
): Promise<StartedSignIn> {
  const reply = await startSignIn(services, source, typed, only);
  switch (reply.kind) {
    case "named":
      return reply.signIn;
    case "refused":
      throw new ViewerRefusal("LOGIN_REFUSED");
    case "throttled":
      throw new ViewerRefusal("LOGIN_THROTTLED", { waitMs: reply.waitMs });
    case "unavailable":
      throw new ViewerRefusal("LOGIN_UNAVAILABLE");
    case "unaudited":
      throw new ViewerRefusal("AUDIT_UNAVAILABLE");
    case "elsewhere":
      throw new ViewerRefusal(reply.reason);
  }
}

/** The same, where the answer is shown on the screen. @throws ViewerRefusal `STATE_UNAVAILABLE` */
export async function startSignIn(
  { people, desktops }: SignInServices,
  source: ConnectionSource,
  typed: TypedName,
  only: ReadonlySet<string> | null,
): Promise<NamedReply | Exclude<SignInReply, StartedSignIn["reply"]>> {
  if (UNPRINTABLE.test(typed.user)) return { kind: "refused", triesLeft: 0 };
  const { name, desktopIds } = await splitName(typed.user, desktops);
  const reply = await people.begin({ name, password: typed.password }, source);
  if (reply.kind !== "person" && reply.kind !== "question") return reply;
  const wanted = desktopIds ?? (only === null ? null : [...only]);
  return { kind: "named", signIn: { name, reply, desktopIds: wanted } };
}

/** What stands behind the last `@` is a desktop's name if there is one of that name, and else a part of the person's. */
async function splitName(
  user: string,
  desktops: SignInServices["desktops"],
): Promise<{ readonly name: string; readonly desktopIds: readonly string[] | null }> {
  const at = user.lastIndexOf(SEPARATOR);
  const desktopName = at > 0 ? user.slice(at + 1) : "";
  if (desktopName === "") return { name: user, desktopIds: null };
  const named = await queryStateForViewer(desktops.findByName(desktopName));
  if (named.length === 0) return { name: user, desktopIds: null };
  return { name: user.slice(0, at), desktopIds: named.map(({ id }) => id) };
}

/** The one of the named desktops that the person may open; null: none is named, or it is not one. */
export async function findNamedGrant(
  person: SignedInPerson,
  desktopIds: readonly string[] | null,
): Promise<DesktopGrant | null> {
  const found = await Promise.all((desktopIds ?? []).map((id) => person.findDesktop(id)));
  const [grant, ...others] = found.filter((one) => one !== null);
  return others.length === 0 ? (grant ?? null) : null;
}

export function identifyPerson(
  { userId, name, loginHash, endsAt }: SignedInPerson,
  { desktop, role, denied }: DesktopGrant,
  clock: Clock,
): ViewerIdentity {
  return {
    ...{ desktop, role, denied, loginHash },
    ...{ method: "account", subject: userId, person: name, rightOf: userId, byAccount: true },
    endsAt: clock.monotonic() + endsAt - clock.now(),
  };
}
