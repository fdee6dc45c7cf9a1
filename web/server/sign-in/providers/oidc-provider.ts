import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  ClientSecretPost,
  fetchUserInfo,
  None,
  randomNonce,
  randomPKCECodeVerifier,
  type ClientAuth,
  type Configuration,
  type IDToken,
} from "openid-client";
import { z } from "zod";
import type { Clock } from "../../../../protocol/index.ts";
import { checkOpenIdProvider } from "./check-openid-provider.ts";
import { readLogoutToken, subjectKey } from "./logout-token.ts";
import { judgeFault, OpenIdFault } from "./openid-fault.ts";
import { isAllowedAddress, makeOpenIdFetch } from "./openid-fetch.ts";
import { CLOCK_TOLERANCE_S, OpenIdIssuer } from "./openid-issuer.ts";
import type {
  ExternalPerson,
  LogoutNotice,
  ProviderSession,
  Redirect,
  RedirectResult,
  RedirectStart,
  SignInProviderKind,
} from "./sign-in-provider.ts";

const MAX_SUBJECT = 255;
const MAX_GROUPS = 2000;
const MAX_GROUP = 256;
/** A longer ID token is not kept: the service then asks the person who signs out. */
const MAX_HINT = 6144;

const text = z.string().min(1).max(1024);
const oidcOptions = z
  .strictObject({
    /** As the provider's discovery document has it. */
    issuer: z.url(),
    clientId: text,
    /** Absent: a public client. */
    clientSecret: text.optional(),
    clientAuth: z.enum(["basic", "post"]).default("basic"),
    /** PEM. Absent: the authorities that Node knows. */
    ca: z.string().optional(),
    /** Plain HTTP, on this computer alone. */
    insecure: z.boolean().default(false),
    label: z.strictObject({ en: text, fr: text }).optional(),
    scopes: z.array(text).default(["openid", "profile", "email"]),
    /** The claim with the name of a new account. */
    nameClaim: text.default("preferred_username"),
    /** The claim with the person's groups: a text or a list. */
    groupsClaim: text.optional(),
    /** Claims are asked for at the userinfo endpoint, too. */
    userinfo: z.boolean().default(false),
    /** One of these is asked for, and must be what the person has done. */
    acrValues: z.array(text).min(1).optional(),
    /** Who signs out here signs out there. */
    logout: z.boolean().default(true),
  })
  .refine(({ issuer, insecure }) => URL.canParse(issuer) && isAllowedAddress(new URL(issuer), insecure), {
    path: ["issuer"],
    message: 'must be https; http only with "insecure", and only on this computer',
  })
  .refine(({ scopes }) => scopes.includes("openid"), { path: ["scopes"], message: 'must have "openid"' });
export type OidcOptions = z.output<typeof oidcOptions>;

/** What administrators may read of them. */
const SHOWN = [
  ...["issuer", "clientId", "clientAuth", "insecure", "label.en", "label.fr", "scopes", "nameClaim"],
  ...["groupsClaim", "userinfo", "acrValues", "logout"],
];

/** What a sign-in keeps until the browser is back. */
const pendingState = z.object({ verifier: z.string(), nonce: z.string(), returnKey: z.string() });
const emailAddress = z.email().max(254);
type Claims = Readonly<Record<string, unknown>>;

/** Accounts of an OpenID provider: the browser goes to its page and comes back with a code. */
export const oidcProvider: SignInProviderKind<OidcOptions> = {
  name: "oidc",
  options: oidcOptions,
  shown: SHOWN,
  open(options, { id, clock }) {
    const host = new URL(options.issuer).host;
    const label = options.label ?? { en: `Sign in with ${host}`, fr: `Se connecter avec ${host}` };
    const issuer = openIssuer(options, clock);
    return {
      form: { fields: [], buttons: [{ label, href: `/api/v1/sign-in/${id}` }] },
      redirect: new OpenIdRedirect(options, issuer, clock),
      check: () => checkOpenIdProvider(issuer, options),
    };
  },
};

function openIssuer(options: OidcOptions, clock: Clock): OpenIdIssuer {
  const { issuer, clientId, ca, insecure, userinfo } = options;
  return new OpenIdIssuer({
    issuer,
    clientId,
    clientAuth: makeClientAuth(options),
    insecure,
    neededEndpoints: userinfo ? ["userinfo_endpoint"] : [],
    fetch: makeOpenIdFetch({ ca, insecure, clock }),
    clock,
  });
}

function makeClientAuth({ clientSecret, clientAuth }: OidcOptions): ClientAuth {
  if (clientSecret === undefined) return None();
  return clientAuth === "post" ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret);
}

/** Code flow with PKCE, nonce and state. @see OpenID Connect Core 1.0 §3.1, RFC 7636, RFC 9207 */
class OpenIdRedirect implements Redirect {
  readonly #options: OidcOptions;
  readonly #issuer: OpenIdIssuer;
  readonly #clock: Clock;

  constructor(options: OidcOptions, issuer: OpenIdIssuer, clock: Clock) {
    this.#options = options;
    this.#issuer = issuer;
    this.#clock = clock;
  }

  async begin(callbackUrl: string, returnKey: string): Promise<RedirectStart> {
    const { scopes, acrValues } = this.#options;
    const verifier = randomPKCECodeVerifier();
    const nonce = randomNonce();
    try {
      const url = buildAuthorizationUrl(await this.#issuer.configure(), {
        redirect_uri: callbackUrl,
        scope: scopes.join(" "),
        state: returnKey,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        ...(acrValues && { acr_values: acrValues.join(" ") }),
      });
      return { kind: "away", url: url.href, state: { verifier, nonce, returnKey } };
    } catch (error) {
      const fault = judgeFault(error);
      return { kind: "unavailable", reason: fault.kind === "declined" ? fault.kind : fault.reason };
    }
  }

  async finish(returned: URL, state: unknown): Promise<RedirectResult> {
    const { verifier, nonce, returnKey } = pendingState.parse(state);
    try {
      const configuration = await this.#issuer.configureWithKeys();
      const tokens = await authorizationCodeGrant(configuration, returned, {
        pkceCodeVerifier: verifier,
        expectedNonce: nonce,
        expectedState: returnKey,
        idTokenExpected: true,
      });
      const told = tokens.claims();
      if (told === undefined) return { kind: "untrusted", reason: "It sent no ID token" };
      const { acrValues } = this.#options;
      if (acrValues !== undefined && !acrValues.some((one) => one === told["acr"]))
        return { kind: "declined" };
      const claims = await this.#askForMore(configuration, told, tokens.access_token);
      const person = this.#readPerson(told, claims);
      if (typeof person === "string") return { kind: "untrusted", reason: person };
      return { kind: "person", person, session: readSession(told, tokens.id_token) };
    } catch (error) {
      return judgeFault(error);
    }
  }

  async endSession({ hint }: ProviderSession, returnTo: string): Promise<string | null> {
    const configuration = await this.#issuer.configure();
    const address = configuration.serverMetadata().end_session_endpoint;
    if (!this.#options.logout || address === undefined) return null;
    if (!isAllowedAddress(new URL(address), this.#options.insecure)) throw new OpenIdFault("address");
    const parameters = { post_logout_redirect_uri: returnTo, ...(hint !== null && { id_token_hint: hint }) };
    return buildEndSessionUrl(configuration, parameters).href;
  }

  async readLogout(token: string): Promise<LogoutNotice | string> {
    try {
      const { issuer } = await this.#issuer.metadata();
      return await readLogoutToken(token, {
        issuer,
        clientId: this.#options.clientId,
        nowSeconds: this.#clock.now() / 1000,
        toleranceSeconds: CLOCK_TOLERANCE_S,
        findKeys: (kty, kid) => this.#issuer.findKeys(kty, kid),
      });
    } catch (error) {
      const fault = judgeFault(error);
      return fault.kind === "declined" ? fault.kind : fault.reason;
    }
  }

  /** What userinfo says counts before the ID token, for everything but who the person is. */
  async #askForMore(configuration: Configuration, told: IDToken, accessToken: string): Promise<Claims> {
    if (!this.#options.userinfo) return told;
    return { ...told, ...(await fetchUserInfo(configuration, accessToken, told.sub)) };
  }

  /** A string: why not. */
  #readPerson({ iss, sub }: IDToken, claims: Claims): ExternalPerson | string {
    const { nameClaim, groupsClaim } = this.#options;
    if (sub.length === 0 || sub.length > MAX_SUBJECT) return "Its key of the person is too long, or empty";
    const groups = groupsClaim === undefined ? [] : readGroups(claims[groupsClaim]);
    if (groups === null) return "The person has too many groups";
    const email = readEmail(claims);
    const name = nameClaim === "email" ? email : claims[nameClaim];
    return {
      subject: subjectKey(iss, sub),
      // Who has no name can have no account; an account of before is found without it.
      name: typeof name === "string" ? name.trim() : "",
      email,
      groups,
    };
  }
}

function readSession({ sid }: Claims, idToken: string | undefined): ProviderSession {
  return {
    id: typeof sid === "string" && sid.length > 0 && sid.length <= MAX_SUBJECT ? sid : null,
    hint: idToken !== undefined && idToken.length <= MAX_HINT ? idToken : null,
  };
}

/** An address that nobody has verified may be anybody's. */
function readEmail({ email, email_verified: verified }: Claims): string | null {
  return verified === true ? (emailAddress.safeParse(email).data ?? null) : null;
}

/** Null: too many. None is left out to make them fewer: it could be one that shuts the person out. */
function readGroups(claim: unknown): string[] | null {
  const listed: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  if (listed.length > MAX_GROUPS) return null;
  // No option can name a longer one.
  return listed.filter(
    (group) => typeof group === "string" && group !== "" && group.length <= MAX_GROUP,
  ) as string[];
}
