import { beginSignIn } from "../identify/begin-sign-in.ts";
import type { PeopleSignIn, StartedSignIn } from "../identify/people-sign-in.ts";
import {
  findScreenSignIn,
  type ScreenSignInServices,
  type ScreenVisitor,
} from "../identify/screen-sign-in.ts";
import { computeResponse } from "../identify/token-identifier.ts";
import type { ChallengeResponse } from "../identify/token-scan.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { AuthenticatorDependencies } from "./viewer-security.ts";

/** @param isEncrypted what is typed on a screen then does not travel in clear */
export function describeVisitor(
  { source, requestedDesktopIds }: AcceptedViewer,
  isEncrypted: boolean,
): ScreenVisitor {
  return { source, only: requestedDesktopIds, isEncrypted };
}

export function servePeople(
  people: PeopleSignIn,
  { stores, handOvers, plainSignIn }: AuthenticatorDependencies,
): ScreenSignInServices {
  return { people, desktops: stores.desktops, handOvers, plainSignIn };
}

/**
 * Who a viewer with a VNC password is: mostly it is a token.
 * @throws ViewerRefusal
 */
export async function identifyByResponse(
  visitor: ScreenVisitor,
  guess: ChallengeResponse,
  dependencies: AuthenticatorDependencies,
): Promise<ViewerIdentity | StartedSignIn> {
  const people = dependencies.people();
  const signIn = people && findScreenSignIn(visitor, guess, servePeople(people, dependencies));
  return signIn ?? (await dependencies.tokens.identify(visitor.source, guess, visitor.only));
}

/**
 * Who a viewer with a user name and a password is. A token comes first, whatever the name: many viewers fill in the name that
 * their user has on the computer.
 * @throws ViewerRefusal
 */
export async function identifyByName(
  visitor: ScreenVisitor,
  credentials: { readonly user: string; readonly password: string },
  dependencies: AuthenticatorDependencies,
): Promise<ViewerIdentity | StartedSignIn> {
  const { tokens } = dependencies;
  const { source, only } = visitor;
  const people = dependencies.people();
  if (people === null) return await tokens.identifyPlain(source, credentials, only);
  const services = servePeople(people, dependencies);
  const signIn = findScreenSignIn(visitor, computeResponse(credentials.password), services);
  if (signIn !== null) return signIn;
  const otherwise = credentials.user === "" ? null : () => beginSignIn(services, source, credentials, only);
  return await tokens.identifyPlain(source, credentials, only, otherwise);
}
