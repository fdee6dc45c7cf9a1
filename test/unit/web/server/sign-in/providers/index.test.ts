import { pino } from "pino";
import { expect, test } from "vitest";
import { LOCAL_SIGN_IN, openSignInProviders } from "../../../../../../web/server/sign-in/providers/index.ts";
import { Passwords } from "../../../../../../web/server/sign-in/passwords.ts";
import { openWebFixture } from "../../../../../support/web-fixture.ts";

async function openServices() {
  const { proxy, clock } = await openWebFixture();
  const log = pino({ level: "silent" });
  return {
    stores: proxy.stores,
    passwords: new Passwords(),
    clock,
    log,
    pagesUrl: () => "https://desk.test/",
    loopbackOnly: true,
  };
}

test("providers are opened in the order in which they are listed, with their own options alone", async () => {
  const services = await openServices();
  expect(openSignInProviders(LOCAL_SIGN_IN, services)).toHaveLength(1);
  const [only] = openSignInProviders([{ provider: "local", denyPeople: ["eve"] }], services);
  expect(only).toMatchObject({
    id: "local",
    kind: "local",
    admission: { create: true, denyPeople: ["eve"] },
  });
});

test.each<[string, Parameters<typeof openSignInProviders>[0], RegExp]>([
  ["no provider", [], /^The options of sign-in are not valid\./],
  ["an unknown one", [{ provider: "nis" }], /^There is no sign-in provider "nis"\. Choose from: local\b/],
  [
    "the same name twice",
    [{ provider: "local" }, { provider: "local" }],
    /^Two sign-in providers are called "local"\./,
  ],
  ["a wrong name", [{ provider: "local", id: "A B" }], /^The options of local are not valid\. id: /],
  ["an unknown option", [{ provider: "local", url: "x" }], /^The options of local are not valid\. .*url/],
])("%s is refused in words", async (_name, options, words) => {
  const services = await openServices();
  const open = () => openSignInProviders(options, services);
  expect(open).toThrow(
    expect.objectContaining({ code: "SIGN_IN_OPTIONS", message: expect.stringMatching(words) }),
  );
});
