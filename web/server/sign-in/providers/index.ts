import { z } from "zod";
import { localProvider } from "./local-provider.ts";
import type { SignInProvider, SignInProviderKind, SignInProviderServices } from "./sign-in-provider.ts";

export * from "./sign-in-provider.ts";

/** Every kind of provider, in the order in which they are asked. A new one is a file beside this one and a row here. */
const SIGN_IN_PROVIDERS: readonly SignInProviderKind[] = [localProvider];

/** Options by provider; those that have none here are not asked. */
export const signInOptions = z.strictObject(
  Object.fromEntries(SIGN_IN_PROVIDERS.map(({ name, options }) => [name, options.optional()])),
);
export type SignInOptions = z.output<typeof signInOptions>;

/** Passwords of this server's own accounts, and nothing else. */
export const LOCAL_SIGN_IN: SignInOptions = { [localProvider.name]: {} };

export function openSignInProviders(
  options: SignInOptions,
  services: SignInProviderServices,
): SignInProvider[] {
  return SIGN_IN_PROVIDERS.flatMap((kind) => {
    const own = options[kind.name];
    return own === undefined ? [] : [kind.open(own, services)];
  });
}
