import { createHash, randomBytes } from "node:crypto";
import { loginStep, passkeyOptionsAnswer, totpEnrolment, type PasskeyOptions } from "../../web/index.ts";
import { BentPasskey } from "./bent-passkey.ts";
import { CLIENT_ID, type FakeOpenIdProvider } from "./fake-openid-provider.ts";
import { makeLogin } from "./make-login.ts";
import { readTotpCode } from "./totp-app.ts";
import { PASSWORD, type WebFixture } from "./web-fixture.ts";

const API = "/api/v1";
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

interface FactorRequest {
  /** Unique for each request. */
  readonly key: string;
  /** Who asks; a cookie may be added. */
  readonly headers: Record<string, string>;
}

/** What requests about sign-ins and second factors carry: right answers to what the server has asked just before. */
export class ApiFactors {
  readonly #fixture: WebFixture;
  readonly #openId: FakeOpenIdProvider;

  constructor(fixture: WebFixture, openId: FakeOpenIdProvider) {
    this.#fixture = fixture;
    this.#openId = openId;
  }

  /** What differs from the example of the table; undefined: nothing. */
  async describeBody(route: string, { key, headers }: FactorRequest): Promise<object | undefined> {
    if (route === "POST /login/step/show") {
      const id = await this.#openStep(key);
      // Only the browser that began the sign-in is shown it.
      headers["cookie"] = [headers["cookie"], `__Host-postern-step=${id}`].filter(Boolean).join("; ");
      return { id };
    }
    if (route === "POST /login/passkey") return { passkey: await this.#prove(key) };
    if (route === "POST /me/confirm") return { answers: { password: PASSWORD } };
    if (route === "POST /me/factors/totp/confirm") return this.#beginApp(headers);
    if (route === "POST /me/factors/passkey/confirm") return this.#createPasskey(headers);
    return route === "POST /sign-in/:provider/backchannel-logout"
      ? { logout_token: this.#signLogout(key) }
      : undefined;
  }

  /** An authenticator app, as its owner has it. */
  async addApp(userId: string): Promise<string> {
    const app = { kind: "totp", name: "", counter: 0, locator: `totp ${userId}`, secret: "s" } as const;
    const { factor } = await this.#fixture.proxy.stores.factors.add(
      { userId, ...app },
      { limit: 1, recovery: [] },
    );
    return factor.id;
  }

  async #openStep(key: string): Promise<string> {
    const { id, name } = await this.#addPerson(key);
    await this.addApp(id);
    const { body } = await this.#fixture.ask("POST", `${API}/login`, { body: { name, password: PASSWORD } });
    return loginStep.parse(body).step.id;
  }

  /** By a passkey that was added just now. */
  async #prove(key: string): Promise<object> {
    const { id } = await this.#addPerson(key);
    const { proxy, clock } = this.#fixture;
    const secret = randomBytes(32).toString("base64url");
    const hash = createHash("sha256").update(secret).digest("hex");
    await proxy.stores.logins.create(hash, { ...makeLogin(id, clock.now()), id: `p-${key}` });
    const headers = { cookie: `__Host-postern=${secret}` };
    const passkey = new BentPasskey();
    const options = await this.#ask("/me/factors/passkey", headers);
    const created = passkey.create(options ?? {});
    await this.#fixture.ask("POST", `${API}/me/factors/passkey/confirm`, {
      headers,
      body: { passkey: created },
    });
    return passkey.prove((await this.#ask("/login/passkey/options", {})) ?? {});
  }

  async #beginApp(headers: FactorRequest["headers"]): Promise<object | undefined> {
    const { body } = await this.#fixture.ask("POST", `${API}/me/factors/totp`, { headers });
    const begun = totpEnrolment.safeParse(body).data;
    return begun && { id: begun.id, code: readTotpCode(begun.uri, this.#fixture.clock.now()) };
  }

  async #createPasskey(headers: FactorRequest["headers"]): Promise<object | undefined> {
    const options = await this.#ask("/me/factors/passkey", headers);
    return options && { passkey: new BentPasskey().create(options) };
  }

  /** Undefined: who asks may not. */
  async #ask(path: string, headers: FactorRequest["headers"]): Promise<PasskeyOptions | undefined> {
    const { body } = await this.#fixture.ask("POST", API + path, { headers });
    return passkeyOptionsAnswer.safeParse(body).data?.options;
  }

  async #addPerson(key: string): Promise<{ id: string; name: string }> {
    const { stores } = this.#fixture.proxy;
    const passwordHash = (await stores.users.find(this.#fixture.annaId))?.passwordHash ?? "";
    return stores.users.add({ name: `f-${key}`, role: "user", passwordHash });
  }

  #signLogout(key: string): string {
    const now = this.#openId.nowSeconds();
    return this.#openId.signJwt({
      ...{ iss: this.#openId.issuer, aud: CLIENT_ID, iat: now, exp: now + 60, jti: key, sid: key },
      events: { [LOGOUT_EVENT]: {} },
    });
  }
}
