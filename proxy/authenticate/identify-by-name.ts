import { beginSignIn } from "../identify/begin-sign-in.ts";
import type { StartedSignIn } from "../identify/people-sign-in.ts";
import type { ViewerIdentity } from "../identify/viewer-identity.ts";
import type { AcceptedViewer } from "../model/accepted-viewer.ts";
import type { AuthenticatorDependencies } from "./viewer-security.ts";

/**
 * Who a viewer with a user name and a password is. A token comes first, whatever the name: many viewers fill in the name that
 * their user has on the computer.
 * @throws ViewerRefusal
 */
export function identifyByName(
  { source, requestedDesktopIds }: AcceptedViewer,
  credentials: { readonly user: string; readonly password: string },
  { tokens, stores, people }: AuthenticatorDependencies,
): Promise<ViewerIdentity | StartedSignIn> {
  const signIn = people();
  const otherwise =
    signIn === null || credentials.user === ""
      ? null
      : () =>
          beginSignIn(
            { people: signIn, desktops: stores.desktops },
            source,
            credentials,
            requestedDesktopIds,
          );
  return tokens.identifyPlain(source, credentials, requestedDesktopIds, otherwise);
}
