import type { WebFixture, WebResponse } from "./web-fixture.ts";

/** A browser's cookies, and where it was sent, without a browser: for sign-ins that go by another site's page. */
export class RedirectBrowser {
  readonly cookies = new Map<string, string>();
  readonly #ask: WebFixture["ask"];

  constructor({ ask }: Pick<WebFixture, "ask">) {
    this.#ask = ask;
  }

  async go(url: string, headers: Record<string, string> = {}): Promise<WebResponse> {
    const answer = await this.#ask("GET", url, { as: this.cookie, headers });
    this.#keep(answer);
    return answer;
  }

  async post(url: string, body?: unknown): Promise<WebResponse> {
    const answer = await this.#ask("POST", url, { as: this.cookie, body });
    this.#keep(answer);
    return answer;
  }

  /** Begins at a provider of ours; the address of the other site's page. */
  async begin(provider = "oidc", query = ""): Promise<string> {
    const { status, headers } = await this.go(`/api/v1/sign-in/${provider}${query}`);
    if (status !== 303 || headers.location === undefined) throw new Error(`Not sent away: ${status}`);
    return headers.location;
  }

  /** Comes back from there; where the page is that says what became of it. */
  async comeBack({ pathname, search }: URL): Promise<string | undefined> {
    return (await this.go(`${pathname}${search}`)).headers.location;
  }

  /** Who is signed in; null: nobody. */
  async whoAmI(): Promise<string | null> {
    const { status, body } = await this.go("/api/v1/me");
    return status === 200 ? (body as { name: string }).name : null;
  }

  get cookie(): string | undefined {
    const all = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return all === "" ? undefined : all;
  }

  #keep({ headers }: WebResponse): void {
    for (const set of headers["set-cookie"] ?? []) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}
