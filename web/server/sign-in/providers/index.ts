import { z } from "zod";
import { ConfigError } from "../../../../protocol/index.ts";
import { localProvider } from "./local-provider.ts";
import type { SignInProvider, SignInProviderKind, SignInProviderServices } from "./sign-in-provider.ts";

export * from "./sign-in-provider.ts";

/** Every kind of provider. A new one is a file beside this one and a row here. */
const SIGN_IN_PROVIDERS: readonly SignInProviderKind[] = [localProvider];

const signInOptions = z.array(z.looseObject({ provider: z.string() })).min(1);
/** The providers that are asked, in this order, each by its name and with its own options. */
export type SignInOptions = z.input<typeof signInOptions>;

/** Passwords of this server's own accounts, and nothing else. */
export const LOCAL_SIGN_IN: SignInOptions = [{ provider: localProvider.name }];

/** @throws ConfigError `SIGN_IN_OPTIONS` */
export function openSignInProviders(
  options: SignInOptions,
  services: SignInProviderServices,
): SignInProvider[] {
  return parseOptions("sign-in", signInOptions, options).map(({ provider, ...own }) => {
    const kind = SIGN_IN_PROVIDERS.find(({ name }) => name === provider);
    if (kind === undefined) {
      const names = SIGN_IN_PROVIDERS.map(({ name }) => name).join(", ");
      throw new ConfigError(
        "SIGN_IN_OPTIONS",
        `There is no sign-in provider "${provider}". Choose from: ${names}.`,
      );
    }
    return kind.open(parseOptions(provider, kind.options, own), services);
  });
}

function parseOptions<Options>(what: string, schema: z.ZodType<Options>, given: unknown): Options {
  const { data, error } = schema.safeParse(given);
  if (error === undefined) return data;
  const faults = error.issues.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": "),
  );
  throw new ConfigError("SIGN_IN_OPTIONS", `The options of ${what} are not valid. ${faults.join(". ")}`);
}
