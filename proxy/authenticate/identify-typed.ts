import { beginSignIn } from "../identify/begin-sign-in.ts";
import type { PeopleSignIn, StartedSignIn } from "../identify/people-sign-in.ts";
import {
  findScreenSignIn,
  type ScreenSignInServices,
  type ScreenViewer,
} from "../identify/screen-sign-in.ts";
import { computeResponse } from "../identify/token-identifier.ts";
import type { ChallengeResponse } from "../identify/token-scan.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { AuthenticatorDependencies } from "./viewer-security.ts";

/** @param isEncrypted what is typed on a screen then does not travel in clear */
export function describeScreenViewer(
  { source, requestedDesktopIds }: AcceptedViewer,
  isEncrypted: boolean,
): ScreenViewer {
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
  viewer: ScreenViewer,
  guess: ChallengeResponse,
  dependencies: AuthenticatorDependencies,
): Promise<ViewerIdentity | StartedSignIn> {
  const people = dependencies.people();
  const signIn = people && findScreenSignIn(viewer, guess, servePeople(people, dependencies));
  return signIn ?? (await dependencies.tokens.identify(viewer.source, guess, viewer.only));
}

/**
 * Who a viewer with a user name and a password is. A token comes first, whatever the name: many viewers fill in the name that
 * their user has on the computer.
 * @throws ViewerRefusal
 */
export async function identifyByName(
  viewer: ScreenViewer,
  credentials: { readonly user: string; readonly password: string },
  dependencies: AuthenticatorDependencies,
): Promise<ViewerIdentity | StartedSignIn> {
  const { tokens } = dependencies;
  const { source, only } = viewer;
  const people = dependencies.people();
  if (people === null) return await tokens.identifyPlain(source, credentials, only);
  const services = servePeople(people, dependencies);
  const signIn = findScreenSignIn(viewer, computeResponse(credentials.password), services);
  if (signIn !== null) return signIn;
  const otherwise = credentials.user === "" ? null : () => beginSignIn(services, source, credentials, only);
  return await tokens.identifyPlain(source, credentials, only, otherwise);
}
