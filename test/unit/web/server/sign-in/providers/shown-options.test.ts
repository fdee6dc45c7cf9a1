import { expect, test } from "vitest";
import { describeSignInOptions } from "../../../../../../web/server/sign-in/providers/index.ts";
import { describeOptions } from "../../../../../../web/server/sign-in/providers/shown-options.ts";

test("only options that are named are shown, whatever they are called", () => {
  const given = {
    host: "mail",
    port: 993,
    list: ["a", "b"],
    inner: { user: "u", password: "p1" },
    key: "p2",
  };
  expect(describeOptions(given, ["host", "port", "list", "inner.user", "inner"])).toEqual([
    { name: "host", value: "mail" },
    { name: "port", value: "993" },
    { name: "list", value: "a, b" },
    { name: "inner.user", value: "u" },
    { name: "inner.password", value: null },
    { name: "key", value: null },
  ]);
});

test("a password in an address is not shown, and nothing is endless", () => {
  expect(describeOptions({ url: "ldap://u:p@host/" }, ["url"])).toEqual([{ name: "url", value: null }]);
  expect(describeOptions({ url: "x".repeat(5000) }, ["url"])[0]?.value).toHaveLength(1024);
});

test("no secret of any provider is shown", () => {
  const SECRET = "hunter2";
  const shown = describeSignInOptions([
    { provider: "local" },
    { provider: "ldap", urls: ["ldaps://a"], bindDn: "cn=x", bindPassword: SECRET, ca: SECRET },
    { provider: "imap", host: "imap", ca: SECRET, password: SECRET },
    { provider: "email-code", mail: { host: "smtp", user: "u", password: SECRET, ca: SECRET } },
    { provider: "oidc", id: "campus", issuer: "https://i", clientId: "c", clientSecret: SECRET },
    { provider: "unheard-of", anything: SECRET },
  ]);
  expect(JSON.stringify([...shown])).not.toContain(SECRET);
  expect(shown.get("campus")).toEqual([
    { name: "issuer", value: "https://i" },
    { name: "clientId", value: "c" },
    { name: "clientSecret", value: null },
  ]);
  expect(shown.get("ldap")).toContainEqual({ name: "bindDn", value: "cn=x" });
  expect(shown.get("email-code")).toContainEqual({ name: "mail.host", value: "smtp" });
});
