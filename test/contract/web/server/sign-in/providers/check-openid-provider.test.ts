import { readFile } from "node:fs/promises";
import { once } from "node:events";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import type { Stores } from "../../../../../../proxy/index.ts";
import { openSignInProviders } from "../../../../../../web/server/sign-in/providers/index.ts";
import { Passwords } from "../../../../../../web/server/sign-in/passwords.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { FakeOpenIdProvider } from "../../../../../support/fake-openid-provider.ts";
import { findFreePort } from "../../../../../support/free-port.ts";
import { ManualClock } from "../../../../../support/manual-clock.ts";

async function check(options: object) {
  const [open] = openSignInProviders([{ provider: "oidc", clientId: "postern", ...options }], {
    // It looks at no account.
    stores: {} as Stores,
    passwords: new Passwords(),
    clock: new ManualClock(),
    log: pino({ level: "silent" }),
    pagesUrl: () => "https://desk.test/",
    loopbackOnly: true,
  });
  const result = await open?.provider.check?.();
  if (result === undefined) throw new Error("no check");
  expect(result.text.fr).not.toBe(result.text.en);
  return [result.works, result.text.en];
}

test("what works, and what does not, is said in words", async () => {
  const provider = await FakeOpenIdProvider.start(new ManualClock());
  const { options } = provider;
  expect(await check(options)).toEqual([true, expect.stringMatching(/it knows the client/)]);
  const answerToken = (status: number, body: object) => {
    provider.answers.set("/token", (_request, response) => {
      response.writeHead(status, { "content-type": "application/json", "www-authenticate": "Basic" });
      response.end(JSON.stringify(body));
    });
  };
  answerToken(401, { error: "invalid_client" });
  expect(await check(options)).toEqual([false, expect.stringMatching(/"clientSecret" is wrong/)]);
  expect(await check({ ...options, clientSecret: undefined })).toEqual([
    false,
    expect.stringMatching(/or wants a "clientSecret"/),
  ]);
  answerToken(500, {});
  expect(await check(options)).toEqual([true, expect.stringMatching(/cannot be told/)]);
  provider.answers.set("/jwks", (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"keys":[{"kty":"oct","k":"AA"}]}');
  });
  expect(await check(options)).toEqual([false, "Its keys cannot be read."]);
  provider.describe = ({ token_endpoint: _, ...metadata }) => metadata;
  expect(await check(options)).toEqual([false, expect.stringMatching(/lacks an address \(token_endpoint\)/)]);
  provider.describe = (metadata) => ({ ...metadata, issuer: "https://other.test/" });
  expect(await check(options)).toEqual([
    false,
    expect.stringMatching(/another issuer.*https:\/\/other\.test\//),
  ]);
  provider.answers.set("/.well-known/openid-configuration", (_request, response) => {
    response.writeHead(404).end();
  });
  expect(await check(options)).toEqual([false, expect.stringMatching(/^It answers 404 /)]);
  provider.answers.set("/.well-known/openid-configuration", (_request, response) => {
    response.end("<html>");
  });
  expect(await check(options)).toEqual([false, expect.stringMatching(/is no OpenID provider/)]);
  const issuer = `http://127.0.0.1:${await findFreePort()}`;
  expect(await check({ ...options, issuer })).toEqual([false, expect.stringMatching(/\(ECONNREFUSED\)/)]);
});

test("a certificate that nobody vouches for is told apart, and trusted where its CA is given", async () => {
  const cleanup = new CleanupStack();
  onTestFinished(() => cleanup.close());
  const certificate = await TestCertificate.make(cleanup);
  const server = https.createServer(await certificate.read(), (_request, response) => {
    response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.add({
    stop: async () => {
      server.close();
      await once(server, "close");
    },
  });
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await check({ issuer })).toEqual([false, expect.stringMatching(/certificate .* not trusted/)]);
  const ca = await readFile(certificate.cert, "utf8");
  expect(await check({ issuer, ca })).toEqual([false, expect.stringMatching(/^It answers 404 /)]);
});

test.each<[string, object]>([
  ["an issuer without TLS", { issuer: "http://id.example.org" }],
  ["an issuer without TLS elsewhere", { issuer: "http://id.example.org", insecure: true }],
  ["no address at all", { issuer: "id" }],
  ["scopes without openid", { issuer: "https://id.example.org", scopes: ["profile"] }],
  ["an unknown option", { issuer: "https://id.example.org", url: "x" }],
])("%s is refused when the server starts", async (_name, options) => {
  await expect(check(options)).rejects.toMatchObject({ code: "SIGN_IN_OPTIONS" });
});
