import { z } from "zod";
import { ConfigError } from "../../../../protocol/index.ts";
import { LOCAL_PROVIDER, SERVICE_PROVIDER } from "../../../../proxy/index.ts";
import { emailCodeProvider } from "./email-code-provider.ts";
import { hookProvider } from "./hook-provider.ts";
import { imapProvider } from "./imap-provider.ts";
import { ldapProvider } from "./ldap-provider.ts";
import { localProvider } from "./local-provider.ts";
import { noneProvider } from "./none-provider.ts";
import { oidcProvider } from "./oidc-provider.ts";
import { smtpProvider } from "./smtp-provider.ts";
import { describeOptions, type ShownOption } from "./shown-options.ts";
import type { SignInProvider, SignInProviderKind, SignInProviderServices } from "./sign-in-provider.ts";

export type { ShownOption } from "./shown-options.ts";
export * from "./sign-in-provider.ts";

/** Every kind of provider. A new one is a file beside this one and a row here. */
const SIGN_IN_PROVIDERS: readonly SignInProviderKind[] = [
  localProvider,
  ldapProvider,
  imapProvider,
  smtpProvider,
  emailCodeProvider,
  oidcProvider,
  hookProvider,
  noneProvider,
];

const names = z.array(z.string().min(1).max(256));

/** What every provider may be told: whom of its people to let in, and as what. Groups are those that its service names. */
const admission = z.object({
  /** Its name in lists and in the log; needed where two providers are of one kind. */
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "is 1 to 32 of a-z, 0-9 and -")
    .optional(),
  /** Whether a person who comes for the first time gets an account. */
  create: z.boolean().default(true),
  /** Only people of these groups enter; absent: all. */
  allowGroups: names.optional(),
  /** Whether name and password count in VNC viewers too. */
  viewers: z.boolean().default(true),
  /** They never enter, whatever else says so. */
  denyGroups: names.default([]),
  denyPeople: names.default([]),
  /** Roles by group, given and taken at every sign-in; the first that fits counts. Absent: the account keeps its role. */
  roles: z
    .strictObject({ admin: names.optional(), operator: names.optional(), auditor: names.optional() })
    .optional(),
  /** Its people have to have a second factor, whatever their role. */
  requireFactor: z.boolean().optional(),
  /**
   * Whether a passkey alone lets its people in. Absent: those of this server's own accounts only, since another service is not asked
   * then whether it still knows the person.
   */
  passkeyAlone: z.boolean().optional(),
});
export type Admission = z.output<typeof admission>;

const signInOptions = z.array(z.looseObject({ provider: z.string() })).min(1);
/** The providers that are asked, in this order, each by its name and with its own options. */
export type SignInOptions = z.input<typeof signInOptions>;

/** Passwords of this server's own accounts, and nothing else. */
export const LOCAL_SIGN_IN: SignInOptions = [{ provider: localProvider.name }];

/** A provider that is in use. */
export interface OpenProvider {
  readonly id: string;
  readonly kind: string;
  readonly admission: Admission;
  readonly provider: SignInProvider;
}

/** What the configuration says of each provider, by its id, without secrets. */
export function describeSignInOptions(options: SignInOptions): ReadonlyMap<string, ShownOption[]> {
  return new Map(
    options.map(({ provider: name, ...given }) => {
      const own = Object.entries(given).filter(([key]) => !(key in admission.shape));
      const shown = SIGN_IN_PROVIDERS.find((kind) => kind.name === name)?.shown ?? [];
      const id = typeof given["id"] === "string" ? given["id"] : name;
      return [id, describeOptions(Object.fromEntries(own), shown)];
    }),
  );
}

/** @throws ConfigError `SIGN_IN_OPTIONS` */
export function openSignInProviders(
  options: SignInOptions,
  services: Omit<SignInProviderServices, "id">,
): OpenProvider[] {
  const opened: OpenProvider[] = [];
  for (const { provider: name, ...given } of parseOptions("sign-in", signInOptions, options)) {
    const kind = SIGN_IN_PROVIDERS.find((known) => known.name === name);
    if (kind === undefined) {
      const known = SIGN_IN_PROVIDERS.map((one) => one.name).join(", ");
      throw new ConfigError(
        "SIGN_IN_OPTIONS",
        `There is no sign-in provider "${name}". Choose from: ${known}.`,
      );
    }
    const isCommon = (key: string): boolean => key in admission.shape;
    const entries = Object.entries(given);
    const common = parseOptions(
      name,
      admission,
      Object.fromEntries(entries.filter(([key]) => isCommon(key))),
    );
    const id = common.id ?? name;
    checkId(id, name, opened);
    const own = Object.fromEntries(entries.filter(([key]) => !isCommon(key)));
    const provider = kind.open(parseOptions(name, kind.options, own), { ...services, id });
    opened.push({ id, kind: name, admission: common, provider });
  }
  checkReviews(opened);
  return opened;
}

/** A name that fits nobody would look at nobody. */
function checkReviews(opened: readonly OpenProvider[]): void {
  for (const { id, provider } of opened)
    for (const name of provider.review?.of ?? [])
      if (name === id || !opened.some((other) => other.id === name))
        throw new ConfigError(
          "SIGN_IN_OPTIONS",
          `The sign-in provider "${id}" is to look at the people of "${name}", which is no other provider here.`,
        );
}

/** Accounts are kept by the provider's id: two that share one would share their people. */
function checkId(id: string, kind: string, others: readonly OpenProvider[]): void {
  if (others.some((other) => other.id === id))
    throw new ConfigError(
      "SIGN_IN_OPTIONS",
      `Two sign-in providers are called "${id}". Give each an "id" of its own.`,
    );
  if (id === SERVICE_PROVIDER)
    throw new ConfigError(
      "SIGN_IN_OPTIONS",
      `The id "${id}" is that of service accounts: nobody signs in to one.`,
    );
  if (id === LOCAL_PROVIDER && kind !== localProvider.name)
    throw new ConfigError("SIGN_IN_OPTIONS", `The id "${id}" is that of this server's own accounts.`);
}

function parseOptions<Options>(what: string, schema: z.ZodType<Options>, given: unknown): Options {
  const { data, error } = schema.safeParse(given);
  if (error === undefined) return data;
  const faults = error.issues.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": "),
  );
  throw new ConfigError("SIGN_IN_OPTIONS", `The options of ${what} are not valid. ${faults.join(". ")}`);
}
