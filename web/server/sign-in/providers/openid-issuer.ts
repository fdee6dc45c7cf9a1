import { createPublicKey } from "node:crypto";
import {
  allowInsecureRequests,
  clockSkew,
  clockTolerance,
  Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  setJwksCache,
  type ClientAuth,
  type CustomFetch,
  type JWK,
  type ServerMetadata,
} from "openid-client";
import { z } from "zod";
import type { Clock } from "../../../../protocol/index.ts";
import { OpenIdFault } from "./openid-fault.ts";
import { isAllowedAddress } from "./openid-fetch.ts";

/** How far the provider's clock may be from ours. */
export const CLOCK_TOLERANCE_S = 60;
/** Discovery is asked again after this time. */
const METADATA_MS = 3600_000;
/** After a failure it is not asked again before. */
const RETRY_MS = 2000;
/** Keys are asked for again after this time; */
const KEYS_MS = 300_000;
/** after this, where a token names one that is not among them. */
const UNKNOWN_KEY_MS = 60_000;
const MAX_KEYS = 100;
/** Characters of another issuer that an administrator is shown. */
const MAX_ISSUER = 200;

const keySet = z.object({ keys: z.array(z.unknown()).max(MAX_KEYS) });

interface OpenIdClient {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientAuth: ClientAuth;
  readonly insecure: boolean;
  /** Beside those that every sign-in needs. */
  readonly neededEndpoints: readonly (keyof ServerMetadata & string)[];
  readonly fetch: CustomFetch;
  readonly clock: Clock;
}

interface Loaded<T> {
  readonly at: number;
  readonly value: T;
}

/** What an OpenID provider says of itself, asked for when it is needed and not before. */
export class OpenIdIssuer {
  readonly #client: OpenIdClient;
  #metadata: Loaded<ServerMetadata> | null = null;
  #failure: Loaded<unknown> | null = null;
  #loading: Promise<ServerMetadata> | null = null;
  #keys: Loaded<JWK[]> | null = null;
  #loadingKeys: Promise<JWK[]> | null = null;

  constructor(client: OpenIdClient) {
    this.#client = client;
  }

  /** For one conversation with it. @throws what {@link judgeFault} explains */
  async configure(): Promise<Configuration> {
    const { clientId, clientAuth, insecure, fetch, clock } = this.#client;
    const skewSeconds = Math.round((clock.now() - Date.now()) / 1000);
    const times = { [clockSkew]: skewSeconds, [clockTolerance]: CLOCK_TOLERANCE_S };
    const configuration = new Configuration(await this.metadata(), clientId, times, clientAuth);
    configuration[customFetch] = fetch;
    if (insecure) allowInsecureRequests(configuration);
    return configuration;
  }

  /** As {@link configure}, with the keys that the provider's tokens are signed with. */
  async configureWithKeys(): Promise<Configuration> {
    const keys = await this.#loadKeys(KEYS_MS);
    const configuration = await this.configure();
    const ageSeconds = Math.floor((this.#client.clock.monotonic() - keys.at) / 1000);
    setJwksCache(configuration, {
      jwks: { keys: keys.value },
      uat: Math.floor(Date.now() / 1000) - ageSeconds,
    });
    enableNonRepudiationChecks(configuration);
    return configuration;
  }

  /** One that is an hour old at most, unless the provider does not answer now. */
  async metadata(): Promise<ServerMetadata> {
    const known = this.#metadata;
    const now = this.#client.clock.monotonic();
    if (known !== null && now - known.at < METADATA_MS) return known.value;
    if (this.#failure !== null && now - this.#failure.at < RETRY_MS) {
      if (known !== null) return known.value;
      throw this.#failure.value;
    }
    this.#loading ??= this.discover().finally(() => {
      this.#loading = null;
    });
    try {
      return await this.#loading;
    } catch (error) {
      this.#failure = { at: this.#client.clock.monotonic(), value: error };
      if (known !== null) return known.value;
      throw error;
    }
  }

  /** Asks the provider now. */
  async discover(): Promise<ServerMetadata> {
    const { issuer, clientId, clientAuth, insecure, fetch, clock } = this.#client;
    const configuration = await discovery(new URL(issuer), clientId, undefined, clientAuth, {
      [customFetch]: fetch,
      execute: insecure ? [allowInsecureRequests] : [],
    }).catch((error: unknown) => {
      throw nameOtherIssuer(error) ?? error;
    });
    const metadata = configuration.serverMetadata();
    this.#check(metadata);
    this.#metadata = { at: clock.monotonic(), value: metadata };
    this.#failure = null;
    return metadata;
  }

  /** The public keys that may have signed a token with this header. */
  async findKeys(kty: string, kid: string | undefined): Promise<JWK[]> {
    const fits = (keys: JWK[]): JWK[] =>
      keys.filter((key) => key.kty === kty && (kid === undefined || key.kid === kid) && key.use !== "enc");
    const known = await this.#loadKeys(KEYS_MS);
    const found = fits(known.value);
    return found.length > 0 ? found : fits((await this.#loadKeys(UNKNOWN_KEY_MS)).value);
  }

  /** @throws OpenIdFault where there is none that can be used */
  async checkKeys(): Promise<void> {
    if ((await this.#loadKeys(KEYS_MS)).value.length === 0) throw new OpenIdFault("keys");
  }

  /** openid-client lets some providers have another issuer than the one that was asked. */
  #check(metadata: ServerMetadata): void {
    const { issuer, insecure, neededEndpoints } = this.#client;
    if (new URL(metadata.issuer).href !== new URL(issuer).href) throw describeOtherIssuer(metadata.issuer);
    const needed = ["authorization_endpoint", "token_endpoint", "jwks_uri", ...neededEndpoints] as const;
    for (const name of needed) {
      const address = metadata[name];
      if (typeof address !== "string" || !URL.canParse(address)) throw new OpenIdFault("endpoint", name);
      if (!isAllowedAddress(new URL(address), insecure)) throw new OpenIdFault("address", name);
    }
  }

  async #loadKeys(maxAgeMs: number): Promise<Loaded<JWK[]>> {
    const now = this.#client.clock.monotonic();
    if (this.#keys !== null && now - this.#keys.at < maxAgeMs) return this.#keys;
    this.#loadingKeys ??= this.#fetchKeys().finally(() => {
      this.#loadingKeys = null;
    });
    return (this.#keys = { at: now, value: await this.#loadingKeys });
  }

  async #fetchKeys(): Promise<JWK[]> {
    const { jwks_uri: address } = await this.metadata();
    if (address === undefined) throw new OpenIdFault("endpoint", "jwks_uri");
    const response = await this.#client.fetch(address, {
      method: "GET",
      headers: { accept: "application/json, application/jwk-set+json" },
      body: undefined,
      redirect: "manual",
    });
    if (response.status !== 200) throw new OpenIdFault("keys", `HTTP ${response.status}`);
    const { data } = keySet.safeParse(await response.json().catch(() => null));
    if (data === undefined) throw new OpenIdFault("keys");
    return data.keys.filter(isPublicKey);
  }
}

/** openid-client's own error of that kind carries what it found. */
const otherIssuer = z.object({ attribute: z.literal("issuer"), body: z.object({ issuer: z.string() }) });

function nameOtherIssuer(error: unknown): OpenIdFault | null {
  const found = otherIssuer.safeParse(error instanceof Error ? error.cause : null).data;
  return found === undefined ? null : describeOtherIssuer(found.body.issuer);
}

function describeOtherIssuer(issuer: string): OpenIdFault {
  return new OpenIdFault("issuer", URL.canParse(issuer) ? new URL(issuer).href.slice(0, MAX_ISSUER) : null);
}

/** One key that cannot be used must not keep the others from being used. */
function isPublicKey(key: unknown): key is JWK {
  try {
    createPublicKey({ key: key as JWK, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}
