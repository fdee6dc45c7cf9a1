import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imapProvider } from "../../../../../../web/server/sign-in/providers/imap-provider.ts";
import { smtpProvider } from "../../../../../../web/server/sign-in/providers/smtp-provider.ts";
import { mailSignInOptions } from "../../../../../../web/server/sign-in/providers/mail-sign-in.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import { startDovecot, type Dovecot } from "../../../../../support/dovecot.ts";
import { findFreePort } from "../../../../../support/free-port.ts";
import { startScriptedMailServer } from "../../../../../support/scripted-mail-server.ts";
import { openSignInServices } from "../../../../../support/sign-in-services.ts";
import { startTcpRecorder } from "../../../../../support/tcp-recorder.ts";
import { waitFor } from "../../../../../support/wait-for.ts";

const CONTEXT = { source: undefined };
const PASSWORD = `pä"s'\\s {3} %s`;
const PERSON = {
  kind: "person",
  person: { subject: "anna@example.org", name: "anna", email: "anna@example.org", groups: [] },
};
const PROVIDERS = [imapProvider, smtpProvider] as const;

const cleanup = new CleanupStack();
let dovecot: Dovecot;

beforeAll(async () => {
  dovecot = await startDovecot(cleanup, { "anna@example.org": PASSWORD, ben: "plain name" });
});
afterAll(() => cleanup.close());

describe.each(PROVIDERS)("$name", (kind) => {
  const protocol = kind.name as "imap" | "smtp";

  async function open(options: Record<string, unknown> = {}) {
    const services = await openSignInServices(kind.name);
    const defaults = { host: "127.0.0.1", port: dovecot.implicit[protocol], ca: dovecot.ca };
    const provider = kind.open(mailSignInOptions.parse({ ...defaults, ...options }), services);
    const tryAs = (name: string, password: string) => provider.signIn!({ name, password }, CONTEXT);
    return { provider, services, tryAs };
  }

  test.each(["implicit", "starttls"] as const)(
    "%s: the right password signs in, and no other",
    async (tls) => {
      const { tryAs, services } = await open({ tls, port: dovecot[tls][protocol], domain: "Example.org" });
      expect(await tryAs("Anna", PASSWORD)).toEqual(PERSON);
      expect(await tryAs("anna@EXAMPLE.org", PASSWORD)).toEqual(PERSON);
      for (const [name, password] of [
        ["anna", "wrong"],
        ["nobody", PASSWORD],
        ["anna", PASSWORD.slice(0, -1)],
      ] as const)
        expect(await tryAs(name, password)).toEqual({ kind: "unknownPerson" });
      expect(services.clock.pending).toBe(0);
    },
  );

  test("a name without a domain is the login itself, and no mail address", async () => {
    const { tryAs } = await open();
    expect(await tryAs("Ben", "plain name")).toEqual({
      kind: "person",
      person: { subject: "ben", name: "ben", email: null, groups: [] },
    });
  });

  test("people of another domain are not asked for", async () => {
    const { tryAs, services } = await open({ domain: "example.org", port: await findFreePort() });
    for (const name of [
      "anna@example.com",
      "anna@evil@example.org",
      "@example.org",
      "anna@example.org.evil.test",
    ])
      expect(await tryAs(name, PASSWORD), name).toEqual({ kind: "unknownPerson" });
    expect(services.clock.pending).toBe(0);
  });

  test("a final refusal names the account that was aimed at", async () => {
    const { tryAs, services } = await open({ refusal: "final", domain: "example.org" });
    expect(await tryAs("anna", "wrong")).toEqual({ kind: "refused", user: null });
    const account = { name: "anna", role: "user", passwordHash: "", provider: kind.name } as const;
    const anna = await services.stores.users.add({ ...account, subject: "anna@example.org" });
    expect(await tryAs("ANNA", "wrong")).toEqual({ kind: "refused", user: anna });
  });

  test.each([
    ["the end of a line", "anna", "x\r\na3 NOOP"],
    ["a zero byte", "anna", `${PASSWORD}\0more`],
    ["a quote", 'anna" "x', PASSWORD],
    ["a literal", "anna {4}", PASSWORD],
    ["the end of a line in the name", `anna\r\na3 LOGIN`, PASSWORD],
    ["a zero byte in the name", `anna\0ben`, PASSWORD],
  ])("%s begins no command and ends no password", async (_what, name, password) => {
    const recorder = await startTcpRecorder(cleanup, { port: dovecot.implicit[protocol] });
    const { tryAs } = await open({ domain: "example.org", port: recorder.port });
    const before = await dovecot.readLog();
    expect(await tryAs(name, password)).toEqual({ kind: "unknownPerson" });
    // What was not asked for at all, or one refused sign-in of this name.
    const logged = (await dovecot.readLog()).slice(before.length);
    expect(logged).not.toMatch(/invalid command|: Login: /i);
    expect(recorder.connections === 0 || !/[\0\r\n]/.test(name + password)).toBe(true);
  });

  test("nothing of name and password goes over the wire in the open", async () => {
    const recorder = await startTcpRecorder(cleanup, { port: dovecot.starttls[protocol] });
    const { tryAs } = await open({ tls: "starttls", port: recorder.port, domain: "example.org" });
    expect(await tryAs("anna", PASSWORD)).toEqual(PERSON);
    const sent = recorder.sent().toString("latin1");
    expect(sent).toContain("STARTTLS");
    const secrets = ["anna", PASSWORD, `\0anna@example.org\0${PASSWORD}`];
    for (const secret of secrets)
      for (const form of ["utf8", "base64"] as const)
        expect(sent).not.toContain(Buffer.from(secret).toString(form === "utf8" ? "latin1" : form));
  });

  test("the log has neither passwords nor what the server says", async () => {
    const { tryAs, services } = await open({ domain: "example.org" });
    await tryAs("anna", "not-the-password");
    expect(services.logged.join()).not.toContain("not-the-password");
  });

  test("many at once take turns", async () => {
    const { tryAs } = await open({ domain: "example.org" });
    const all = await Promise.all(Array.from({ length: 20 }, () => tryAs("anna", PASSWORD)));
    expect(all).toEqual(all.map(() => PERSON));
  });

  test("at a server that does not answer, sixteen talk, sixty-four wait, and none longer than eight seconds", async () => {
    const certificate = await TestCertificate.make(cleanup, "mail.test");
    const silent = await startScriptedMailServer(cleanup, certificate, () => Promise.resolve());
    const { tryAs, services } = await open({ tls: "starttls", port: silent.port, domain: "example.org" });
    const all = Array.from({ length: 80 }, () => tryAs("anna", PASSWORD));
    await expect(tryAs("anna", PASSWORD)).rejects.toMatchObject({ code: "LOGIN_BUSY" });
    await waitFor("sixteen connections", () => silent.connections === 16);
    services.clock.advance(8000);
    const late = { kind: "unavailable", reason: expect.stringContaining("did not answer in time") };
    expect(await Promise.all(all)).toEqual(all.map(() => late));
    expect(silent.connections).toBe(16);
  });

  describe("the check", () => {
    async function check(options: Record<string, unknown>) {
      const { provider } = await open(options);
      return (await provider.check!()).text;
    }

    test("says what works", async () => {
      const { provider } = await open({});
      expect(await provider.check!()).toMatchObject({
        works: true,
        text: {
          en: expect.stringContaining("its certificate is trusted, and it takes passwords."),
          fr: expect.stringContaining("son certificat est reconnu, et il accepte les mots de passe."),
        },
      });
    });

    test("says in words what does not", async () => {
      const other = await TestCertificate.make(cleanup, "other.test");
      const foreign = (await other.read()).cert;
      const cases: [Record<string, unknown>, RegExp, RegExp][] = [
        [{ port: await findFreePort() }, /Nothing listens there/, /Rien n’écoute/],
        [{ ca: foreign }, /not from an authority/, /autorité/],
        [{ ca: undefined }, /not from an authority/, /autorité/],
        [{ serverName: "wrong.test" }, /for another name/, /un autre nom/],
        [{ port: dovecot.starttls[protocol] }, /does not speak TLS there/, /ne parle pas TLS/],
        [{ host: "no-such-host.invalid" }, /no host of this name|cannot be looked up/, /hôte/],
      ];
      for (const [options, en, fr] of cases) {
        const text = await check(options);
        expect(text.en).toMatch(en);
        expect(text.fr).toMatch(fr);
      }
      expect((await check({ serverName: "mail.test" })).en).toMatch(/takes passwords/);
    });

    test("an untrusted server is told no password", async () => {
      const { tryAs } = await open({ ca: undefined, domain: "example.org" });
      expect(await tryAs("anna", PASSWORD)).toMatchObject({
        kind: "unavailable",
        reason: expect.stringContaining("not from an authority"),
      });
    });
  });
});

test.each([
  [{ host: "mail.example.org", insecure: true }, /insecure.*on this computer/],
  [{ host: "127.0.0.1", insecure: true, tls: "starttls" }, /insecure.*no TLS/],
  [{ host: "a b" }, /host/],
  [{ host: "mail.example.org", ca: "nonsense" }, /ca.*PEM/],
  [{ host: "mail.example.org", serverName: "10.0.0.1" }, /serverName.*not an address/],
  [{ host: "mail.example.org", domain: "@x" }, /domain/],
  [{ host: "mail.example.org", refusal: "maybe" }, /refusal/],
])("options that cannot be meant are refused in words: %j", (options, words) => {
  const { error } = mailSignInOptions.safeParse(options);
  const told = error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join();
  expect(told).toMatch(words);
});
