import { pino } from "pino";
import { expect, test } from "vitest";
import { localProvider } from "../../../../../../web/server/sign-in/providers/local-provider.ts";
import { NO_PASSWORD, Passwords } from "../../../../../../web/server/sign-in/passwords.ts";
import { PASSWORD, openWebFixture } from "../../../../../support/web-fixture.ts";

const CONTEXT = { source: undefined };

async function openLocal() {
  const { proxy, clock } = await openWebFixture();
  const { stores } = proxy;
  const log = pino({ level: "silent" });
  const passwords = new Passwords();
  const services = {
    id: "local",
    stores,
    passwords,
    clock,
    log,
    pagesUrl: () => "https://desk.test/",
    loopbackOnly: true,
  };
  return { stores, provider: localProvider.open({}, services) };
}

test("an account of this server is signed in by its password alone", async () => {
  const { provider } = await openLocal();
  const right = await provider.signIn!({ name: "anna", password: PASSWORD }, CONTEXT);
  expect(right).toMatchObject({ kind: "signedIn", user: { name: "anna" } });
  const wrong = await provider.signIn!({ name: "anna", password: "wrong" }, CONTEXT);
  expect(wrong).toMatchObject({ kind: "refused", user: { name: "anna" } });
});

test("a name without an account, and an account without a password here, are left to other providers", async () => {
  const { provider, stores } = await openLocal();
  await stores.users.add({ name: "carl", role: "user", passwordHash: NO_PASSWORD });
  for (const name of ["nobody", "carl"])
    expect(await provider.signIn!({ name, password: NO_PASSWORD }, CONTEXT)).toEqual({
      kind: "unknownPerson",
    });
});
