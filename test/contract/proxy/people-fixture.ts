import { randomBytes } from "node:crypto";
import type {
  DesktopView,
  PeopleSignIn,
  ProxyOptions,
  Role,
  SignedInPerson,
  SignInReply,
  Stores,
} from "../../../proxy/index.ts";
import type { CleanupStack } from "../../support/cleanup-stack.ts";
import { makeLogin } from "../../support/make-login.ts";
import { openProxyFixture, type ProxyFixture } from "./proxy-fixture.ts";

export const PASSWORD = "a long password";
export const CODE = "123456";
export const CODE_FIELD = {
  name: "code",
  label: { en: "Code", fr: "Code" },
  hidden: false,
  maxLength: 6,
};

export interface PeopleOptions {
  readonly asksCode?: boolean;
  readonly role?: Role;
}

/**
 * The proxy's side of a sign-in whose people are one: the real logins of the database, and a code that is asked for. The
 * providers' own behaviour is tested with them.
 */
class OnePerson implements PeopleSignIn {
  readonly #options: PeopleOptions;
  stores: Stores | undefined;
  userId = "";
  begun = 0;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  async begin({ name, password }: { name: string; password: string }): Promise<SignInReply> {
    this.begun += 1;
    if (name !== "anna" || password !== PASSWORD) return { kind: "refused", triesLeft: 0 };
    if (this.#options.asksCode !== true) return { kind: "person", person: await this.#enter() };
    let triesLeft = 3;
    return {
      kind: "question",
      question: {
        fields: [CODE_FIELD],
        answer: async ({ code }) => {
          triesLeft -= 1;
          if (code !== CODE) return { kind: "refused", triesLeft };
          return { kind: "person", person: await this.#enter() };
        },
      },
    };
  }

  async #enter(): Promise<SignedInPerson> {
    const { logins, desktops } = this.stores!;
    const loginHash = randomBytes(32).toString("hex");
    const login = { ...makeLogin(this.userId, Date.now()), id: loginHash };
    await logins.create(loginHash, login);
    const grant = (desktop: DesktopView) => ({
      desktop,
      role: this.#options.role ?? "control",
      denied: [],
    });
    return {
      ...{ userId: this.userId, name: "anna", loginHash, endsAt: login.expiresAt },
      listDesktops: async () => (await desktops.list()).map(grant),
      findDesktop: async (id) => {
        const found = await desktops.find(id);
        return found && grant(found);
      },
      leave: () => logins.remove(loginHash),
    };
  }
}

export interface PeopleFixture extends ProxyFixture {
  readonly people: OnePerson;
}

/** A proxy, and `anna` with {@link PASSWORD}. */
export async function openPeopleFixture(
  cleanup: CleanupStack,
  options: PeopleOptions = {},
  proxyOptions: Partial<ProxyOptions> = {},
): Promise<PeopleFixture> {
  const people = new OnePerson(options);
  const proxyFixture = await openProxyFixture(cleanup, { people, ...proxyOptions });
  const { stores } = proxyFixture.proxy;
  const { id } = await stores.users.add({ name: "anna", role: "user", passwordHash: "" });
  // Without it the watch over open sessions ends hers at its next look.
  const everything = { target: "desktop", pattern: "*", createdBy: "test" } as const;
  await stores.grants.add({ ...everything, holder: { userId: id }, may: "control" });
  people.stores = stores;
  people.userId = id;
  return { ...proxyFixture, people };
}
