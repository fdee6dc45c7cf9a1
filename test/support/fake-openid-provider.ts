import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type KeyObject,
} from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import type { Clock } from "../../protocol/index.ts";

export type JwtPart = Readonly<Record<string, unknown>>;
type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

interface IssuedCode {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

export const CLIENT_ID = "postern";

/**
 * An OpenID provider with real keys that does what an honest one never does, when a test says so. Everybody who comes is `anna` and has
 * signed in there already.
 */
export class FakeOpenIdProvider {
  readonly issuer: string;
  readonly key: KeyObject;
  /** Instead of an honest answer, by path. */
  readonly answers = new Map<string, Handler>();
  /** How often each path was asked for. */
  readonly asked: string[] = [];
  /** Changes what the ID token says. */
  shape: (claims: JwtPart) => JwtPart = (claims) => claims;
  /** Makes the ID token. */
  sign: (claims: JwtPart) => string = (claims) => this.signJwt(claims);
  /** Changes what discovery says. */
  describe: (metadata: JwtPart) => JwtPart = (metadata) => metadata;
  userinfo: JwtPart = {};
  readonly #clock: Clock;
  readonly #codes = new Map<string, IssuedCode>();

  private constructor(issuer: string, clock: Clock) {
    this.issuer = issuer;
    this.#clock = clock;
    this.key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  }

  static async start(clock: Clock): Promise<FakeOpenIdProvider> {
    const server = http.createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const provider = new FakeOpenIdProvider(`http://127.0.0.1:${port}`, clock);
    server.on("request", (request, response) => {
      void provider.#answer(request, response);
    });
    onTestFinished(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    });
    return provider;
  }

  /** The options of a provider of ours for it. */
  get options() {
    return { provider: "oidc", issuer: this.issuer, clientId: CLIENT_ID, clientSecret: "s", insecure: true };
  }

  /** What a browser does that follows the link to the provider: the address that it is sent back to. */
  visit(authorization: string): URL {
    const asked = new URL(authorization).searchParams;
    const code = randomUUID();
    this.#codes.set(code, {
      nonce: asked.get("nonce") ?? "",
      challenge: asked.get("code_challenge") ?? "",
      redirectUri: asked.get("redirect_uri") ?? "",
    });
    const back = new URL(asked.get("redirect_uri") ?? "");
    back.search = new URLSearchParams({ code, state: asked.get("state") ?? "", iss: this.issuer }).toString();
    return back;
  }

  /** A token of this provider, signed with its key unless told otherwise. */
  signJwt(
    claims: JwtPart,
    { header = {}, key = this.key }: { header?: JwtPart; key?: KeyObject } = {},
  ): string {
    const input = [{ alg: "ES256", kid: "k", ...header }, claims].map(encodePart).join(".");
    return `${input}.${sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  /** As {@link signJwt}, by HMAC: with a public key as its secret, or any other. */
  signHmac(claims: JwtPart, secret: string | Buffer): string {
    const input = [{ alg: "HS256", kid: "k" }, claims].map(encodePart).join(".");
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  }

  get publicPem(): string {
    return createPublicKey(this.key).export({ type: "spki", format: "pem" }).toString();
  }

  nowSeconds(): number {
    return Math.floor(this.#clock.now() / 1000);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "", this.issuer);
    this.asked.push(pathname);
    const own = this.answers.get(pathname);
    if (own !== undefined) {
      own(request, response);
      return;
    }
    const status = await this.#answerHonestly(pathname, request);
    response.writeHead("error" in status ? 400 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(status));
  }

  async #answerHonestly(path: string, request: http.IncomingMessage): Promise<JwtPart> {
    if (path === "/.well-known/openid-configuration")
      return this.describe({
        issuer: this.issuer,
        authorization_endpoint: `${this.issuer}/authorize`,
        token_endpoint: `${this.issuer}/token`,
        jwks_uri: `${this.issuer}/jwks`,
        userinfo_endpoint: `${this.issuer}/userinfo`,
        end_session_endpoint: `${this.issuer}/logout`,
        authorization_response_iss_parameter_supported: true,
        // More than anybody should take.
        id_token_signing_alg_values_supported: ["ES256", "HS256", "none"],
      });
    if (path === "/jwks") {
      const jwk = createPublicKey(this.key).export({ format: "jwk" });
      return { keys: [{ ...jwk, kid: "k", use: "sig" }] };
    }
    if (path === "/token") return this.#redeem(new URLSearchParams(await text(request)));
    return path === "/userinfo" ? { sub: "anna-1", ...this.userinfo } : { error: "not_found" };
  }

  /** A code counts once, for the browser that has its verifier. */
  #redeem(form: URLSearchParams): JwtPart {
    const code = form.get("code") ?? "";
    const issued = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (issued?.challenge !== challenge || form.get("redirect_uri") !== issued.redirectUri)
      return { error: "invalid_grant", error_description: "<b>secret words of the provider</b>" };
    const now = this.nowSeconds();
    const claims = {
      ...{ iss: this.issuer, aud: CLIENT_ID, sub: "anna-1", sid: "session-1", nonce: issued.nonce },
      ...{ iat: now, exp: now + 300, preferred_username: "anna.b" },
    };
    return { access_token: "access", token_type: "Bearer", id_token: this.sign(this.shape(claims)) };
  }
}

function encodePart(part: JwtPart): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
