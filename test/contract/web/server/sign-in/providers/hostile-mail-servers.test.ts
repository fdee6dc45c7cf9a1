import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imapProvider } from "../../../../../../web/server/sign-in/providers/imap-provider.ts";
import { mailSignInOptions } from "../../../../../../web/server/sign-in/providers/mail-sign-in.ts";
import { smtpProvider } from "../../../../../../web/server/sign-in/providers/smtp-provider.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import {
  startScriptedMailServer,
  type MailScript,
  type ScriptedConversation,
} from "../../../../../support/scripted-mail-server.ts";
import { openSignInServices } from "../../../../../support/sign-in-services.ts";
import { waitFor } from "../../../../../support/wait-for.ts";

const NAME = "anna-of-the-test";
const PASSWORD = "secret-of-the-test";
const LIMIT_MS = 8000;

const cleanup = new CleanupStack();
let certificate: TestCertificate;

beforeAll(async () => {
  certificate = await TestCertificate.make(cleanup, "mail.test");
});
afterAll(() => cleanup.close());

interface Trial {
  readonly tls?: "implicit" | "starttls";
  /** Lets so much time pass once the server has been reached. */
  readonly waitMs?: number;
  /** Instead of the server's own. */
  readonly ca?: string;
}

/** One sign-in at a server that follows the script: what came of it, and what the server heard. */
async function trySignIn(protocol: "imap" | "smtp", script: MailScript, trial: Trial = {}) {
  const { tls = "starttls", waitMs, ca } = trial;
  const kind = protocol === "imap" ? imapProvider : smtpProvider;
  const services = await openSignInServices(kind.name);
  const behindTls: MailScript = async (conversation) => {
    await conversation.startTls();
    await script(conversation);
  };
  const server = await startScriptedMailServer(cleanup, certificate, tls === "implicit" ? behindTls : script);
  const options = { host: "127.0.0.1", port: server.port, tls, ca: ca ?? (await certificate.read()).cert };
  const provider = kind.open(mailSignInOptions.parse(options), services);
  const signingIn = provider.signIn!({ name: NAME, password: PASSWORD }, { source: undefined });
  if (waitMs !== undefined) {
    await waitFor("a connection", () => server.connections > 0);
    services.clock.advance(waitMs);
  }
  const result = await signingIn;
  await waitFor("the end of the connection", async () => (await server.countOpen()) === 0);
  expect(services.clock.pending).toBe(0);
  for (const secret of [NAME, PASSWORD, `\0${NAME}\0${PASSWORD}`])
    for (const form of ["latin1", "base64"] as const)
      expect(server.heardInTheOpen()).not.toContain(Buffer.from(secret).toString(form));
  return { result, heard: server.heard() };
}

const sasl = Buffer.from(`\0${NAME}\0${PASSWORD}`).toString("base64");
const encoded = (text: string) => Buffer.from(text).toString("base64");

/** The steps of a good server, for scripts that go wrong later. */
const GOOD = {
  imap: {
    greet: (it: ScriptedConversation) => it.say("* OK ready\r\n"),
    async startTls(it: ScriptedConversation) {
      expect(await it.hear()).toBe("a1 STARTTLS");
      await it.say("a1 OK go\r\n");
      await it.startTls();
    },
    async offer(it: ScriptedConversation, offer = "AUTH=PLAIN") {
      expect(await it.hear()).toBe("a2 CAPABILITY");
      await it.say(`* CAPABILITY IMAP4rev1 ${offer}\r\na2 OK done\r\n`);
    },
    async hearPassword(it: ScriptedConversation) {
      expect(await it.hear()).toBe("a3 AUTHENTICATE PLAIN");
      await it.say("+ \r\n");
      expect(await it.hear()).toBe(sasl);
    },
    yes: "a3 OK in\r\n",
    no: "a3 NO [AUTHENTICATIONFAILED] wrong\r\n",
    notNow: "a3 NO [UNAVAILABLE] later\r\n",
    prefix: "* OK ",
    word: "* OK on and on\r\n",
  },
  smtp: {
    greet: (it: ScriptedConversation) => it.say("220 ready\r\n"),
    async startTls(it: ScriptedConversation) {
      expect(await it.hear()).toBe("EHLO [127.0.0.1]");
      await it.say("250-mail.test\r\n250 STARTTLS\r\n");
      expect(await it.hear()).toBe("STARTTLS");
      await it.say("220 go\r\n");
      await it.startTls();
    },
    async offer(it: ScriptedConversation, offer = "AUTH PLAIN") {
      expect(await it.hear()).toBe("EHLO [127.0.0.1]");
      await it.say(`250-mail.test\r\n250 ${offer}\r\n`);
    },
    async hearPassword(it: ScriptedConversation) {
      expect(await it.hear()).toBe("AUTH PLAIN");
      await it.say("334 \r\n");
      expect(await it.hear()).toBe(sasl);
    },
    yes: "235 in\r\n",
    no: "535 5.7.8 wrong\r\n",
    notNow: "454 4.7.0 later\r\n",
    prefix: "220 ",
    word: "220-on and on\r\n",
  },
} as const;

async function flood(it: ScriptedConversation, text: string): Promise<void> {
  while (!it.isOver) await it.say(text.repeat(1000));
}

describe.each(["imap", "smtp"] as const)("%s", (protocol) => {
  const good = GOOD[protocol];

  async function answer(it: ScriptedConversation, last: string): Promise<void> {
    await good.greet(it);
    await good.startTls(it);
    await good.offer(it);
    await good.hearPassword(it);
    await it.say(last);
  }

  test("the script of a good server is one", async () => {
    const right = await trySignIn(protocol, (it) => answer(it, good.yes));
    expect(right.result).toMatchObject({ kind: "person", person: { subject: NAME } });
    const wrong = await trySignIn(protocol, (it) => answer(it, good.no));
    expect(wrong.result).toEqual({ kind: "unknownPerson" });
  });

  test.each<[string, RegExp, MailScript, Trial?]>([
    ["a server that says nothing", /did not answer in time/, () => Promise.resolve(), { waitMs: LIMIT_MS }],
    [
      "one that says nothing by TLS",
      /did not answer in time/,
      () => Promise.resolve(),
      { waitMs: LIMIT_MS, tls: "implicit" },
    ],
    ["a greeting without an end", /says more than/, (it) => flood(it, good.prefix.padEnd(100, "x"))],
    ["answers without an end", /says more than/, (it) => flood(it, good.word)],
    [
      "answers without an end by TLS",
      /says more than/,
      async (it) => {
        await good.greet(it);
        await good.startTls(it);
        await flood(it, protocol === "imap" ? "* more\r\n" : "250-more\r\n");
      },
    ],
    [
      "a password that is not answered",
      /did not answer in time/,
      (it) => answer(it, ""),
      { waitMs: LIMIT_MS },
    ],
    ["another protocol", /does not speak the protocol/, (it) => it.say("HTTP/1.1 400 Bad Request\r\n\r\n")],
    [
      "an end at once",
      /closed the connection/,
      (it) => {
        it.end();
        return Promise.resolve();
      },
    ],
    ["a no that is none", /takes nobody now/, (it) => answer(it, good.notNow)],
    [
      "STARTTLS stripped",
      /offers no STARTTLS/,
      async (it) => {
        await good.greet(it);
        if (protocol === "smtp") {
          await it.hear();
          await it.say("250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n");
        }
        await it.hear();
        await it.say(protocol === "imap" ? "a1 BAD what?\r\n" : "502 what?\r\n");
      },
    ],
    [
      "answers injected before TLS",
      /between STARTTLS and TLS/,
      async (it) => {
        await good.greet(it);
        if (protocol === "smtp") {
          await it.hear();
          await it.say("250-mail.test\r\n250 STARTTLS\r\n");
        }
        await it.hear();
        await it.say(
          protocol === "imap"
            ? "a1 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na2 OK\r\n+ \r\na3 OK in\r\n"
            : "220 go\r\n250 AUTH PLAIN\r\n334 \r\n235 in\r\n",
        );
        await it.startTls();
      },
    ],
    [
      "answers injected into the handshake",
      /does not speak TLS|closed the connection/,
      async (it) => {
        await good.greet(it);
        if (protocol === "smtp") {
          await it.hear();
          await it.say("250-mail.test\r\n250 STARTTLS\r\n");
        }
        await it.hear();
        await it.say(protocol === "imap" ? "a1 OK go\r\n" : "220 go\r\n");
        // The client's hello.
        await it.hear();
        await it.say(protocol === "imap" ? "a2 OK\r\na3 OK in\r\n" : "250 AUTH PLAIN\r\n235 in\r\n");
      },
    ],
    [
      "TLS without passwords",
      /takes no passwords/,
      async (it) => {
        await good.greet(it);
        await good.startTls(it);
        await good.offer(it, protocol === "imap" ? "LOGINDISABLED AUTH=GSSAPI" : "AUTH GSSAPI");
      },
    ],
    [
      "a yes before the password",
      /does not speak the protocol/,
      async (it) => {
        await good.greet(it);
        await good.startTls(it);
        await good.offer(it);
        await it.hear();
        await it.say(good.yes);
      },
    ],
  ])("%s signs nobody in", async (_what, reason, script, trial) => {
    const { result } = await trySignIn(protocol, script, trial);
    expect(result).toEqual({ kind: "unavailable", reason: expect.stringMatching(reason) });
  });

  test.each(["implicit", "starttls"] as const)(
    "%s: a certificate of somebody else is told nothing",
    async (tls) => {
      const { cert } = await (await TestCertificate.make(cleanup, "mail.test")).read();
      const script: MailScript = (it) => (tls === "implicit" ? Promise.resolve() : answer(it, good.yes));
      const { result, heard } = await trySignIn(protocol, script, { tls, ca: cert });
      expect(result).toEqual({ kind: "unavailable", reason: expect.stringMatching(/not from an authority/) });
      expect(heard).not.toMatch(/AUTH/);
    },
  );
});

test("without TLS, on this computer, where that was said", async () => {
  const { greet, offer, hearPassword, yes } = GOOD.imap;
  const services = await openSignInServices("imap");
  const server = await startScriptedMailServer(cleanup, certificate, async (it) => {
    await greet(it);
    await offer(it);
    await hearPassword(it);
    await it.say(yes);
  });
  const options = mailSignInOptions.parse({ host: "127.0.0.1", port: server.port, insecure: true });
  const provider = imapProvider.open(options, services);
  const result = await provider.signIn!({ name: NAME, password: PASSWORD }, { source: undefined });
  expect(result).toMatchObject({ kind: "person" });
});

test("IMAP: everybody signed in by the greeting is nobody signed in", async () => {
  const { result, heard } = await trySignIn("imap", (it) => it.say("* PREAUTH welcome\r\n"), {
    tls: "implicit",
  });
  expect(result).toEqual({ kind: "unavailable", reason: expect.stringMatching(/everybody is signed in/) });
  expect(heard).toBe("");
});

test.each([
  ["a literal that would hide an answer", "* LIST {1073741824}\r\na3 OK in\r\n"],
  ["the answer to another command", "a4 OK in\r\n"],
  ["a bye", "* BYE\r\na3 OK in\r\n"],
  ["a question that nobody expects", "+ more\r\na3 OK in\r\n"],
])("IMAP: %s is no yes", async (_what, last) => {
  const { greet, startTls, offer, hearPassword } = GOOD.imap;
  const { result } = await trySignIn("imap", async (it) => {
    await greet(it);
    await startTls(it);
    await offer(it);
    await hearPassword(it);
    await it.say(last);
  });
  expect(result).toMatchObject({ kind: "unavailable" });
});

test("IMAP without AUTHENTICATE PLAIN takes name and password as literals", async () => {
  const { greet, startTls, offer } = GOOD.imap;
  const { result } = await trySignIn("imap", async (it) => {
    await greet(it);
    await startTls(it);
    await offer(it, "AUTH=GSSAPI");
    expect(await it.hear()).toBe(`a3 LOGIN {${NAME.length}}`);
    await it.say("+ go\r\n");
    expect(await it.hear()).toBe(`${NAME} {${PASSWORD.length}}`);
    await it.say("+ go\r\n");
    expect(await it.hear()).toBe(PASSWORD);
    await it.say("a3 OK in\r\n");
  });
  expect(result).toMatchObject({ kind: "person" });
});

test("SMTP without AUTH PLAIN takes name and password one after the other", async () => {
  const { greet, startTls, offer } = GOOD.smtp;
  const { result } = await trySignIn("smtp", async (it) => {
    await greet(it);
    await startTls(it);
    await offer(it, "AUTH LOGIN CRAM-MD5");
    expect(await it.hear()).toBe("AUTH LOGIN");
    await it.say("334 VXNlcm5hbWU6\r\n");
    expect(await it.hear()).toBe(encoded(NAME));
    await it.say("334 UGFzc3dvcmQ6\r\n");
    expect(await it.hear()).toBe(encoded(PASSWORD));
    await it.say("235 in\r\n");
  });
  expect(result).toMatchObject({ kind: "person" });
});

test.each(["250 fine\r\n", "235-in\r\n500 in\r\n", "2350 in\r\n", "334 more\r\n235 in\r\n"])(
  "SMTP: %j is no yes",
  async (last) => {
    const { greet, startTls, offer, hearPassword } = GOOD.smtp;
    const { result } = await trySignIn("smtp", async (it) => {
      await greet(it);
      await startTls(it);
      await offer(it);
      await hearPassword(it);
      await it.say(last);
    });
    expect(result).toMatchObject({ kind: "unavailable" });
  },
);
