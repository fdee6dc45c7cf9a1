import { pino } from "pino";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { explainMailFault } from "../../../../../../web/server/sign-in/mail/mail-fault.ts";
import { Mailer, mailerOptions } from "../../../../../../web/server/sign-in/mail/mailer.ts";
import { CleanupStack } from "../../../../../support/cleanup-stack.ts";
import { TestCertificate } from "../../../../../support/certificate-files.ts";
import { startMailSink } from "../../../../../support/mail-sink.ts";
import { ManualClock } from "../../../../../support/manual-clock.ts";
import { startScriptedMailServer } from "../../../../../support/scripted-mail-server.ts";
import { waitFor } from "../../../../../support/wait-for.ts";

const ACCOUNT = { user: "desk@example.org", password: "password-of-the-desk" };
const MAIL = { to: "anna@example.org", subject: "Grüße", text: "Hello", html: "<p>Hello</p>" };
const SEND_LIMIT_MS = 20_000;
const PAUSE_MS = 100;

const cleanup = new CleanupStack();
let certificate: TestCertificate;
let ca: string;

beforeAll(async () => {
  certificate = await TestCertificate.make(cleanup, "mail.test");
  ca = (await certificate.read()).cert;
});
afterAll(() => cleanup.close());

function openMailer(options: Record<string, unknown>) {
  const clock = new ManualClock();
  const logged: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const defaults = { host: "127.0.0.1", ca, ...ACCOUNT, from: "The desks <desk@example.org>" };
  const mailer = new Mailer(mailerOptions.parse({ ...defaults, ...options }), { clock, log });
  onTestFinished(() => mailer.close());
  return { mailer, clock, logged };
}

test.each(["implicit", "starttls"] as const)("a mail goes out over TLS, by %s, signed in", async (tls) => {
  const sink = await startMailSink(cleanup, { certificate, secure: tls === "implicit", account: ACCOUNT });
  const { mailer, clock } = openMailer({ tls, port: sink.port });
  await mailer.send(MAIL);
  const [mail] = sink.mails;
  expect(mail).toMatchObject({
    from: "desk@example.org",
    to: ["anna@example.org"],
    user: ACCOUNT.user,
    secure: true,
  });
  expect(mail!.raw).toContain("From: The desks <desk@example.org>\r\n");
  expect(mail!.raw).toContain("To: anna@example.org\r\n");
  expect(mail!.raw).toContain("Auto-Submitted: auto-generated\r\n");
  expect(mail!.raw).toMatch(/Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r\n/);
  expect(clock.pending).toBe(0);
  expect(await mailer.check()).toBeNull();
  expect(sink.mails).toHaveLength(1);
});

test("a mail in the queue leaves after a moment, and a server without accounts takes it", async () => {
  const sink = await startMailSink(cleanup, { certificate });
  const { mailer, clock } = openMailer({
    tls: "starttls",
    port: sink.port,
    user: undefined,
    password: undefined,
  });
  expect(mailer.enqueue(MAIL)).toBe(true);
  clock.advance(PAUSE_MS - 1);
  expect(sink.mails).toHaveLength(0);
  clock.advance(1);
  expect(await sink.waitForMails(1)).toMatchObject([{ to: ["anna@example.org"], user: null }]);
});

test("without TLS, to a server on this computer, where that was said", async () => {
  const sink = await startMailSink(cleanup, { certificate });
  const { mailer } = openMailer({
    insecure: true,
    ca: undefined,
    port: sink.port,
    user: undefined,
    password: undefined,
  });
  await mailer.send(MAIL);
  expect(sink.mails).toMatchObject([{ to: ["anna@example.org"], secure: false }]);
  expect(await mailer.check()).toBeNull();
});

test.each([
  { ...MAIL, to: "anna@example.org\r\nBcc: eve@example.org" },
  { ...MAIL, to: "anna@example.org, eve@example.org" },
  { ...MAIL, to: "Anna <anna@example.org>" },
  { ...MAIL, to: "anna@example.org>\r\nRCPT TO:<eve@example.org" },
  { ...MAIL, subject: "Hello\r\nBcc: eve@example.org" },
  { ...MAIL, subject: "Hello\nX-Evil: yes" },
])("a header cannot be brought in by $to, $subject", async (mail) => {
  const sink = await startMailSink(cleanup, { certificate, account: ACCOUNT });
  const { mailer } = openMailer({ tls: "starttls", port: sink.port });
  await expect(mailer.send(mail)).rejects.toThrow();
  expect(sink.mails).toEqual([]);
});

test("a wrong password, a foreign certificate and a server without STARTTLS are told apart, without secrets", async () => {
  const sink = await startMailSink(cleanup, { certificate, account: ACCOUNT });
  const foreign = (await (await TestCertificate.make(cleanup, "mail.test")).read()).cert;
  const bare = await startScriptedMailServer(cleanup, certificate, async (it) => {
    await it.say("220 ready\r\n");
    await it.hear();
    await it.say("250-mail.test\r\n250 AUTH PLAIN\r\n");
    for (let line = await it.hear(); line !== ""; line = await it.hear()) await it.say("502 what?\r\n");
  });
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ port: sink.port, password: "wrong-password" }, /refuses this server’s own user name and password/],
    [{ port: sink.port, ca: foreign }, /not from an authority/],
    [{ port: bare.port }, /STARTTLS/],
  ];
  for (const [options, words] of cases) {
    const { mailer, clock, logged } = openMailer({ tls: "starttls", ...options });
    expect((await mailer.check())?.en).toMatch(words);
    mailer.enqueue(MAIL);
    clock.advance(PAUSE_MS);
    await waitFor("a line in the log", () => logged.some((line) => line.includes("mail.failed")));
    expect(logged.join()).not.toMatch(/password-of-the-desk|wrong-password|anna@/);
  }
  expect(sink.mails).toEqual([]);
  expect(bare.heard()).not.toMatch(/AUTH/);
});

test("a server that does not answer holds a mail up for so long and no longer, and nothing else", async () => {
  const server = await startScriptedMailServer(cleanup, certificate, () => Promise.resolve());
  const { mailer, clock } = openMailer({ tls: "starttls", port: server.port });
  const sending = mailer.send(MAIL).catch((error: unknown) => explainMailFault(error).en);
  await waitFor("a connection", () => server.connections > 0);
  clock.advance(SEND_LIMIT_MS);
  expect(await sending).toMatch(/did not answer in time/);
  await waitFor("its end", async () => (await server.countOpen()) === 0);
});

test("what a server says is bounded", async () => {
  const server = await startScriptedMailServer(cleanup, certificate, async (it) => {
    while (!it.isOver) await it.say("220-on and on\r\n".repeat(1000));
  });
  const { mailer } = openMailer({ tls: "starttls", port: server.port });
  await expect(mailer.send(MAIL)).rejects.toThrow(/exceeds maximum allowed size/);
});

test("two at once, two hundred in the queue, and the end cuts it short", async () => {
  const server = await startScriptedMailServer(cleanup, certificate, () => Promise.resolve());
  const { mailer, clock, logged } = openMailer({ tls: "starttls", port: server.port });
  for (let index = 0; index < 2; index += 1) mailer.enqueue(MAIL);
  clock.advance(PAUSE_MS);
  await waitFor("two connections", () => server.connections === 2);
  const taken = Array.from({ length: 201 }, () => mailer.enqueue(MAIL));
  expect(taken.filter((isTaken) => isTaken)).toHaveLength(200);
  expect(logged.join()).toContain("mail.dropped");
  clock.advance(PAUSE_MS);
  await mailer.close();
  expect(server.connections).toBe(2);
  expect(mailer.enqueue(MAIL)).toBe(false);
});

test.each([
  [{ from: "no address" }, /from .*ADDRESS/],
  [{ from: "A <a@example.org>\r\nBcc: eve@example.org" }, /from/],
  [{ user: "desk" }, /password/],
  [{ user: "desk", password: "a\r\nb" }, /password/],
])("options that cannot be meant are refused: %j", (options, words) => {
  const { error } = mailerOptions.safeParse({ host: "mail.example.org", from: "a@example.org", ...options });
  const told = error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join();
  expect(told).toMatch(words);
});
