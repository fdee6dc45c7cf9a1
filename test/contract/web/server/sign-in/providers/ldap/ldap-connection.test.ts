import { readFile } from "node:fs/promises";
import { pino } from "pino";
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import { LdapDirectory } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-directory.ts";
import { ldapOptions } from "../../../../../../../web/server/sign-in/providers/ldap/ldap-options.ts";
import { TestCertificate } from "../../../../../../support/certificate-files.ts";
import { CleanupStack } from "../../../../../../support/cleanup-stack.ts";
import {
  ber,
  ldapAnswer,
  ldapEntry,
  ldapResult,
  OP,
  startLdapImpostor,
  type ImpostorRequest,
  type LdapImpostor,
} from "../../../../../../support/ldap-impostor.ts";
import { ManualClock } from "../../../../../../support/manual-clock.ts";

const PASSWORD = "anna's own password";
const SERVICE_PASSWORD = "the service's password";
const SEARCH = { searchBase: "dc=x", bindDn: "cn=service,dc=x", bindPassword: SERVICE_PASSWORD };
const TEMPLATE = { bindTemplate: "uid={name},dc=x" };
const ANNA = ldapEntry("uid=anna,dc=x", { entryUUID: ["5ba1"], uid: ["anna"], mail: ["a@x.org"] });

const files = new CleanupStack();
const cleanup = new CleanupStack();
afterEach(() => cleanup.close());
afterAll(() => files.close());

let certificate: TestCertificate;
let ca: string;
beforeAll(async () => {
  certificate = await TestCertificate.make(files);
  ca = await readFile(certificate.cert, "utf8");
});

function openDirectory(options: Record<string, unknown>, clock = new ManualClock()) {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  const directory = new LdapDirectory(ldapOptions.parse(options), { id: "ldap", clock, log });
  return { clock, lines, signIn: () => directory.signIn({ name: "anna", password: PASSWORD }), directory };
}

const plain = ({ port }: LdapImpostor, more: Record<string, unknown> = SEARCH) =>
  openDirectory({ urls: [`ldap://127.0.0.1:${port}`], insecure: true, ...more });
const encrypted = ({ port }: LdapImpostor, more: Record<string, unknown> = {}) =>
  openDirectory({ urls: [`ldap://127.0.0.1:${port}`], ca, ...SEARCH, ...more });

/** What an honest directory that knows anna answers. */
function answerHonestly({ kind, id }: ImpostorRequest): Buffer {
  if (kind === "bind") return ldapAnswer(id, ldapResult(OP.bind, 0));
  return Buffer.concat([ldapAnswer(id, ANNA), ldapAnswer(id, ldapResult(OP.done, 0))]);
}

function expectNothingSaid(impostor: LdapImpostor): void {
  const said = Buffer.concat([impostor.received(), ...impostor.requests.map(({ bytes }) => bytes)]).toString(
    "latin1",
  );
  expect(said).not.toContain(PASSWORD);
  expect(said).not.toContain(SERVICE_PASSWORD);
  expect(impostor.requests.filter(({ kind }) => kind === "bind")).toEqual([]);
}

const unavailable = (words: RegExp) => ({ kind: "unavailable", reason: expect.stringMatching(words) });

test("the impostor is believed when it is honest", async () => {
  for (const more of [SEARCH, TEMPLATE]) {
    const impostor = await startLdapImpostor(cleanup, {
      onRequest: (request, { send }) => {
        send(answerHonestly(request));
      },
    });
    expect(await plain(impostor, more).signIn()).toEqual({
      kind: "person",
      person: { subject: "entryuuid:5ba1", name: "anna", email: "a@x.org", groups: [] },
    });
    await expect.poll(() => impostor.open).toBe(0);
  }
});

describe("nothing secret is said", () => {
  test.each<[string, (other: TestCertificate) => Record<string, unknown>, RegExp]>([
    ["to a certificate of another authority", () => ({ ca: undefined }), /not trusted/],
    [
      "to a certificate of another name",
      () => ({ serverName: "ldap.example.org" }),
      /not for ldap\.example\.org/,
    ],
    ["to a certificate that looks the same", (other) => ({ ca: other }), /not trusted/],
  ])("%s", async (_what, change, words) => {
    const other = await TestCertificate.make(cleanup);
    const options = change(other);
    if (options["ca"] === other) options["ca"] = await readFile(other.cert, "utf8");
    const direct = await startLdapImpostor(cleanup, { tls: true, certificate });
    const { signIn, lines } = openDirectory({
      urls: [`ldaps://127.0.0.1:${direct.port}`],
      ca,
      ...SEARCH,
      ...options,
    });
    expect(await signIn()).toEqual(unavailable(words));
    expectNothingSaid(direct);
    const upgraded = await startLdapImpostor(cleanup, {
      certificate,
      onRequest: ({ id }, { send, startTls }) => {
        send(ldapAnswer(id, ldapResult(OP.extended, 0)));
        startTls();
      },
    });
    expect(await encrypted(upgraded, options).signIn()).toEqual(unavailable(words));
    expectNothingSaid(upgraded);
    expect(lines.join("")).not.toContain(PASSWORD);
  });

  test.each([2, 52, 53, 80])("when STARTTLS is refused with %i", async (code) => {
    const impostor = await startLdapImpostor(cleanup, {
      onRequest: ({ id }, { send }) => {
        send(ldapAnswer(id, ldapResult(OP.extended, code)));
      },
    });
    expect(await encrypted(impostor).signIn()).toEqual(unavailable(/does not offer STARTTLS/));
    expect(impostor.requests.map(({ kind }) => kind)).toEqual(["startTls"]);
    expectNothingSaid(impostor);
    await expect.poll(() => impostor.open).toBe(0);
  });

  test("when another answer than that to STARTTLS comes", async () => {
    const impostor = await startLdapImpostor(cleanup, {
      onRequest: ({ id }, { send }) => {
        send(ldapAnswer(id, ldapResult(OP.bind, 0)));
      },
    });
    expect(await encrypted(impostor).signIn()).toEqual(unavailable(/no answer of LDAP/));
    expectNothingSaid(impostor);
  });

  test("when no TLS follows", async () => {
    const impostor = await startLdapImpostor(cleanup, {
      onRequest: ({ id }, { send }) => {
        send(ldapAnswer(id, ldapResult(OP.extended, 0)));
        setImmediate(() => {
          for (let next = 2; next < 9; next += 1) send(ldapAnswer(next, ldapResult(OP.bind, 0)));
        });
      },
    });
    expect(await encrypted(impostor).signIn()).toEqual(
      unavailable(/sent more than its answer|TLS with .* failed/),
    );
    expectNothingSaid(impostor);
  });
});

describe("plain bytes behind the answer to STARTTLS are not believed", () => {
  const success = ldapAnswer(2, ldapResult(OP.bind, 0));
  test.each<[string, Buffer]>([
    ["a whole answer", success],
    ["an answer that lacks its last byte", success.subarray(0, -1)],
    ["one byte", success.subarray(0, 1)],
  ])("%s", async (_what, injected) => {
    const impostor = await startLdapImpostor(cleanup, {
      certificate,
      onRequest: (request, { send, startTls }) => {
        if (request.kind !== "startTls") return;
        send(Buffer.concat([ldapAnswer(request.id, ldapResult(OP.extended, 0)), injected]));
        startTls();
      },
    });
    expect(await encrypted(impostor).signIn()).toEqual(unavailable(/sent more than its answer to STARTTLS/));
    expectNothingSaid(impostor);
  });
});

/** Answers requests of one kind so, all others honestly. */
function answering(kind: ImpostorRequest["kind"], answer: (id: number) => Buffer) {
  return startLdapImpostor(cleanup, {
    onRequest: (request, { send }) => {
      send(request.kind === kind ? answer(request.id) : answerHonestly(request));
    },
  });
}

const done = (id: number) => ldapAnswer(id, ldapResult(OP.done, 0));
const malformedReference = (id: number) => Buffer.from([0x30, 0x07, 0x02, 0x01, id, 0x73, 0x7f, 0x04, 0x00]);

test.each<[string, ImpostorRequest["kind"], (id: number) => Buffer, RegExp]>([
  ["a length of two gigabytes", "bind", () => Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]), /more than/],
  ["a negative length", "bind", () => Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), /more than/],
  ["a length of five bytes", "bind", () => Buffer.from([0x30, 0x85, 0, 0, 0, 0, 9]), /no answer/],
  ["an indefinite length", "bind", () => Buffer.from([0x30, 0x80, 0, 0]), /no answer/],
  ["a reference that is longer than its message", "search", malformedReference, /no answer/],
  ["HTTP", "bind", () => Buffer.from("HTTP/1.1 200 OK\r\n\r\n"), /no answer/],
  ["zeros", "bind", () => Buffer.alloc(64), /no answer/],
  ["an answer to another question", "bind", (id) => ldapAnswer(id + 1, ldapResult(OP.bind, 0)), /no answer/],
  ["the end of a search instead of a bind", "bind", done, /no answer/],
  ["a bind instead of entries", "search", (id) => ldapAnswer(id, ldapResult(OP.bind, 0)), /no answer/],
  ["a notice of disconnection", "bind", () => ldapAnswer(0, ldapResult(OP.extended, 52)), /closed/],
  ["a bind that wants to go on", "bind", (id) => ldapAnswer(id, ldapResult(OP.bind, 14)), /refuses "bindDn"/],
  [
    "many entries",
    "search",
    (id) => Buffer.concat(Array.from({ length: 5000 }, () => ldapAnswer(id, ANNA))),
    /more than/,
  ],
  [
    "many references",
    "search",
    (id) =>
      Buffer.concat(
        Array.from({ length: 500 }, () => ldapAnswer(id, ber(OP.reference, ber(0x04, "ldap://x/")))),
      ),
    /more than/,
  ],
  [
    "an entry of many values",
    "search",
    (id) => ldapAnswer(id, ldapEntry("uid=anna,dc=x", { memberOf: Array.from({ length: 5000 }, String) })),
    /more than/,
  ],
  [
    "an attribute twice",
    "search",
    (id) =>
      ldapAnswer(
        id,
        ber(OP.entry, ber(4, "uid=a"), ber(0x30, ...["a", "a"].map(() => ber(0x30, ber(4, "a"), ber(0x31))))),
      ),
    /no answer/,
  ],
  [
    "an entry without a name",
    "search",
    (id) => Buffer.concat([ldapAnswer(id, ldapEntry("", { entryUUID: ["1"] })), done(id)]),
    /own entry cannot be read/,
  ],
  [
    "an entry without a key",
    "search",
    (id) => Buffer.concat([ldapAnswer(id, ldapEntry("uid=anna,dc=x", {})), done(id)]),
    /no single value/,
  ],
  [
    "an entry with two keys",
    "search",
    (id) => Buffer.concat([ldapAnswer(id, ldapEntry("uid=anna,dc=x", { entryUUID: ["1", "2"] })), done(id)]),
    /no single value/,
  ],
  [
    "a part of the groups",
    "search",
    (id) =>
      Buffer.concat([
        ldapAnswer(id, ldapEntry("uid=anna,dc=x", { entryUUID: ["1"], "memberOf;range=0-1499": ["cn=a"] })),
        done(id),
      ]),
    /does not name all groups/,
  ],
])("%s is no sign-in", async (_what, kind, answer, words) => {
  const impostor = await answering(kind, answer);
  const { signIn, lines } = plain(impostor);
  expect(await signIn()).toEqual(unavailable(words));
  await expect.poll(() => impostor.open).toBe(0);
  expect(lines.join("")).not.toContain(PASSWORD);
});

test("one byte at a time is read as well", async () => {
  const impostor = await startLdapImpostor(cleanup, {
    onRequest: (request, { send }) => {
      for (const byte of answerHonestly(request)) send(Buffer.from([byte]));
    },
  });
  expect(await plain(impostor).signIn()).toMatchObject({ kind: "person" });
});

test("an endless answer ends the connection, and is not kept", async () => {
  let sent = 0;
  const piece = Buffer.alloc(65_536, ldapAnswer(2, ldapResult(OP.done, 0)));
  const impostor = await startLdapImpostor(cleanup, {
    onRequest: ({ kind, id }, { send, stream }) => {
      if (kind !== "search") {
        send(ldapAnswer(id, ldapResult(OP.bind, 0)));
        return;
      }
      // An entry that is to have 1 MiB of values, and never ends.
      send(Buffer.from([0x30, 0x84, 0x00, 0x10, 0x00, 0x00, 0x02, 0x01, id, 0x64]));
      const go = (): void => {
        while (!stream.destroyed && sent < 256 * 1_048_576) {
          sent += piece.length;
          if (stream.write(piece)) continue;
          stream.once("drain", go);
          return;
        }
      };
      go();
    },
  });
  const before = process.memoryUsage().arrayBuffers;
  expect(await plain(impostor).signIn()).toEqual(unavailable(/no answer|more than/));
  await expect.poll(() => impostor.open).toBe(0);
  expect(sent).toBeLessThan(64 * 1_048_576);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1_048_576);
});

test.each<["bind" | "search", Record<string, unknown>]>([
  ["bind", SEARCH],
  ["bind", TEMPLATE],
  ["search", SEARCH],
])("a %s that is never answered ends after eight seconds", async (kind, more) => {
  const impostor = await startLdapImpostor(cleanup, {
    onRequest: (request, { send }) => {
      if (request.kind !== kind) send(answerHonestly(request));
    },
  });
  const { clock, signIn } = plain(impostor, more);
  const result = signIn();
  await expect.poll(() => impostor.requests.at(-1)?.kind).toBe(kind);
  clock.advance(7999);
  await expect.poll(() => impostor.open).toBe(1);
  clock.advance(1);
  expect(await result).toEqual(unavailable(/did not answer in time/));
  await expect.poll(() => impostor.open).toBe(0);
  expect(clock.pending).toBe(0);
});

test("a byte now and then buys no time, and STARTTLS and TLS have less of it", async () => {
  const slow = await startLdapImpostor(cleanup, {
    onConnect: ({ send }) => {
      send(Buffer.from([0x30, 0x84, 0x00]));
    },
  });
  for (const impostor of [slow, await startLdapImpostor(cleanup, { onRequest: () => undefined })]) {
    const { clock, signIn } = encrypted(impostor);
    const result = signIn();
    await expect.poll(() => impostor.requests.length).toBe(1);
    clock.advance(2500);
    expect(await result).toEqual(unavailable(/did not answer in time/));
    expectNothingSaid(impostor);
  }
});

test("a crowd waits in line, and what does not fit is told so", async () => {
  const impostor = await startLdapImpostor(cleanup, {});
  const { clock, signIn } = plain(impostor);
  const results = Array.from({ length: 8 + 64 }, signIn);
  await expect(signIn()).rejects.toMatchObject({ code: "LOGIN_BUSY" });
  await expect.poll(() => impostor.open).toBe(8);
  clock.advance(8000);
  for (const result of results) expect(await result).toEqual(unavailable(/did not answer in time/));
  expect(impostor.connections).toBe(8);
});

const AD = "80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data ";

test.each<[string, number, string]>([
  ["refused", 49, `${AD}52e, v4563`],
  ["refused", 49, `${AD}532, v4563`],
  ["refused", 49, `${AD}533, v4563`],
  ["refused", 49, `${AD}701, v4563`],
  ["refused", 49, `${AD}773, v4563`],
  ["refused", 49, `${AD}775, v4563`],
  ["unknownPerson", 49, `${AD}525, v4563`],
  ["refused", 53, "Account inactivated. Contact system administrator."],
  ["refused", 19, "Exceed password retry limit. Please try later."],
  ["refused", 48, ""],
  ["unknownPerson", 10, "elsewhere"],
  ["unknownPerson", 32, ""],
  ["unavailable", 51, PASSWORD],
  ["unavailable", 13, PASSWORD],
])("%s: result %i of a person's bind, %j", async (kind, code, diagnostic) => {
  const impostor = await answering("bind", (id) => ldapAnswer(id, ldapResult(OP.bind, code, diagnostic)));
  for (const template of ["uid={name},dc=x", "{name}@corp.example.org", "CORP\\{name}"]) {
    const { signIn, lines } = plain(impostor, { bindTemplate: template, searchBase: "dc=x" });
    const result = await signIn();
    expect(result.kind).toBe(kind);
    expect(JSON.stringify(result)).not.toContain(PASSWORD);
    expect(lines.join("")).not.toContain(PASSWORD);
  }
});

test.each<[string, Record<string, readonly string[]>]>([
  ["disabled in Active Directory", { userAccountControl: ["66050"] }],
  ["locked in Active Directory", { "msDS-User-Account-Control-Computed": ["16"] }],
  ["with an old password in Active Directory", { "msDS-User-Account-Control-Computed": ["8388608"] }],
  ["locked in 389 and FreeIPA", { nsAccountLock: ["TRUE"] }],
  ["disabled in eDirectory", { loginDisabled: ["TRUE"] }],
])("%s: refused, whatever the bind says", async (_what, attributes) => {
  const entry = ldapEntry("uid=anna,dc=x", { entryUUID: ["1"], ...attributes });
  const impostor = await answering("search", (id) => Buffer.concat([ldapAnswer(id, entry), done(id)]));
  expect(await plain(impostor).signIn()).toEqual({ kind: "refused", user: null });
});

test("groups of groups are asked for by Active Directory's rule, for the entry's own name", async () => {
  const group = ldapEntry("CN=All,OU=Groups,DC=x", { cn: ["All"] });
  const impostor = await startLdapImpostor(cleanup, {
    onRequest: (request, { send }) => {
      const nested = request.bytes.includes("1.2.840.113556.1.4.1941");
      send(
        nested ? Buffer.concat([ldapAnswer(request.id, group), done(request.id)]) : answerHonestly(request),
      );
    },
  });
  const { signIn } = plain(impostor, { ...SEARCH, groupSearchBase: "OU=Groups,DC=x", nestedGroups: true });
  expect(await signIn()).toMatchObject({ person: { groups: ["CN=All,OU=Groups,DC=x", "All"] } });
  expect(impostor.requests.at(-1)?.bytes.includes("uid=anna,dc=x")).toBe(true);
});

test.each([10, 4])("groups of which the directory keeps some back (%i) are no sign-in", async (code) => {
  const impostor = await startLdapImpostor(cleanup, {
    onRequest: (request, { send }) => {
      const forGroups = request.bytes.includes("memberUid");
      send(forGroups ? ldapAnswer(request.id, ldapResult(OP.done, code)) : answerHonestly(request));
    },
  });
  const { signIn } = plain(impostor, { ...SEARCH, groupSearchBase: "ou=g" });
  expect(await signIn()).toEqual(unavailable(/does not name all groups/));
});
