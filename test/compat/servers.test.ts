// The agent gets past the security of real VNC servers, and of our own for what Debian does not ship.
import { createHash, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe } from "vitest";
import { CleanupStack } from "../support/cleanup-stack.ts";
import {
  appleDhSecurity,
  msLogonSecurity,
  plainSecurity,
  tightSecurity,
  type TightAuth,
} from "../support/test-vnc-security.ts";
import { startTestVncServer } from "../support/test-vnc-server.ts";
import type { RgbColour } from "../support/bitmap.ts";
import { type PosternServer, startServerProgram } from "../support/postern.ts";
import type { DesktopLogin } from "../support/agent-desktops.ts";
import { ServerGroup, testCases, type ServerCase } from "../support/server-cases.ts";
import { CAN_MAKE_ACCOUNTS, makeSystemAccount } from "../support/system-account.ts";
import { makeTlsFiles, startQemuVnc, startX11vnc } from "../support/vnc-servers.ts";
import { writeVncPassword } from "../support/vnc-password.ts";
import { startXvnc } from "../support/xvnc.ts";

const COLOUR: RgbColour = [0x20, 0x80, 0x60];
const VNC_PASSWORD = "in-side7";
const WRONG = "out-sid7";

const cleanup = new CleanupStack();
const files = await makeTlsFiles(cleanup);
const other = await makeTlsFiles(cleanup);
const fingerprint = createHash("sha256")
  .update(new X509Certificate(await readFile(files.certificate)).raw)
  .digest("hex");
let server: PosternServer;
beforeAll(async () => {
  server = await startServerProgram(cleanup);
});
afterAll(() => cleanup.close());

const password: DesktopLogin = { password: VNC_PASSWORD };
const wrong: DesktopLogin = { password: WRONG };
const ca = ["--vnc-ca-file", files.ca] as const;

/** @param group goes before the names, which the desktops get: no two of the server's desktops may have one name. */
function withGroup(
  group: string,
  given: readonly ServerCase[],
  startPorts: (own: CleanupStack) => Promise<readonly number[]>,
): void {
  const cases = given.map((one) => ({ ...one, name: `${group}, ${one.name}` }));
  const own = new CleanupStack();
  let running: ServerGroup;
  beforeAll(async () => {
    running = await ServerGroup.start(own, server, await startPorts(own), cases);
  });
  afterAll(() => own.close());
  testCases(cases, () => running);
}

async function startPainted(own: CleanupStack, types: string, args: readonly string[] = []): Promise<number> {
  const folder = await own.makeFolder();
  const { display, port } = await startXvnc(own, {
    name: "NAME-CANARY",
    args: [
      ...["-SecurityTypes", types, "-rfbauth", await writeVncPassword(folder, VNC_PASSWORD)],
      ...["-X509Cert", files.certificate, "-X509Key", files.key, ...args],
    ],
  });
  await display.paintRoot(COLOUR);
  return port;
}

describe("TigerVNC's Xvnc", () => {
  const certified = (more: DesktopLogin, flag: readonly [string, string] = ca) => ({
    ...more,
    flags: [flag],
  });
  const x = { colour: COLOUR };
  withGroup(
    "Xvnc",
    [
      { ...x, name: "None", server: 0, expected: "none" },
      { ...x, name: "VncAuth", server: 1, login: password, expected: "vncAuth" },
      { ...x, name: "VncAuth, wrong", server: 1, login: wrong, expected: "SERVER_PASSWORD_WRONG" },
      { ...x, name: "VncAuth, none given", server: 1, expected: "SERVER_PASSWORD_MISSING" },
      { ...x, name: "TLSVnc", server: 2, login: password, expected: "veNCrypt tlsVnc" },
      { ...x, name: "TLSVnc, wrong", server: 2, login: wrong, expected: "SERVER_PASSWORD_WRONG" },
      { ...x, name: "X509Vnc", server: 3, login: certified(password), expected: "veNCrypt x509Vnc" },
      { ...x, name: "X509Vnc, wrong", server: 3, login: certified(wrong), expected: "SERVER_PASSWORD_WRONG" },
      {
        ...x,
        name: "X509Vnc, pinned",
        server: 3,
        login: certified(password, ["--vnc-tls-fingerprint", fingerprint.toUpperCase()]),
        expected: "veNCrypt x509Vnc",
      },
      { ...x, name: "X509Vnc, unknown", server: 3, login: password, expected: "SERVER_CERTIFICATE" },
      {
        ...x,
        name: "X509Vnc, other CA",
        server: 3,
        login: certified(password, ["--vnc-ca-file", other.ca]),
        expected: "SERVER_CERTIFICATE",
      },
      {
        ...x,
        name: "X509Vnc, other pin",
        server: 3,
        login: certified(password, ["--vnc-tls-fingerprint", "0".repeat(64)]),
        expected: "SERVER_CERTIFICATE",
      },
      {
        ...x,
        name: "certificate missing",
        server: 2,
        login: certified(password),
        expected: "SERVER_CERTIFICATE",
      },
      { ...x, name: "many, no CA", server: 4, login: password, expected: "veNCrypt tlsVnc" },
      { ...x, name: "many, with CA", server: 4, login: certified(password), expected: "veNCrypt x509None" },
      { ...x, name: "a dead end", server: 5, login: password, expected: "veNCrypt vncAuth" },
    ],
    (own) =>
      Promise.all(
        [
          "None",
          "VncAuth",
          "TLSVnc",
          "X509Vnc",
          "X509Vnc,X509None,TLSVnc,VncAuth,X509Plain,TLSPlain",
          "X509Vnc,VncAuth",
        ].map((types) => startPainted(own, types)),
      ),
  );
});

describe.runIf(CAN_MAKE_ACCOUNTS)("TigerVNC's Xvnc with an account of the system", async () => {
  const account = CAN_MAKE_ACCOUNTS ? await makeSystemAccount(cleanup) : { user: "", password: "" };
  const user = ["--vnc-user", account.user] as const;
  const right = { password: account.password, flags: [user] };
  const certified = { password: account.password, flags: [user, ca] };
  const x = { colour: COLOUR };
  withGroup(
    "Xvnc with an account",
    [
      { ...x, name: "X509Plain", server: 0, login: certified, expected: "veNCrypt x509Plain" },
      {
        ...x,
        name: "X509Plain, wrong",
        server: 0,
        login: { ...certified, password: WRONG },
        expected: "SERVER_PASSWORD_WRONG",
      },
      { ...x, name: "X509Plain, unknown", server: 0, login: right, expected: "SERVER_CERTIFICATE" },
      { ...x, name: "TLSPlain", server: 1, login: right, expected: "veNCrypt tlsPlain" },
      { ...x, name: "TLSPlain, no user", server: 1, login: password, expected: "SERVER_USER_MISSING" },
      { ...x, name: "Plain", server: 2, login: right, expected: "veNCrypt plain", clearText: true },
    ],
    (own) =>
      Promise.all(
        ["X509Plain", "TLSPlain", "Plain"].map((type) =>
          startPainted(own, type, ["-PlainUsers", account.user]),
        ),
      ),
  );
});

describe("x11vnc", () => {
  const start = async (
    own: CleanupStack,
    secret: string | undefined,
    args: readonly string[] = [],
    anonymous = false,
  ) => {
    const { port, display } = await startX11vnc(own, secret, args, anonymous);
    await display.paintRoot(COLOUR);
    return port;
  };
  const ssl = ["-ssl", files.both, "-anontls", "never"];
  const x = { colour: COLOUR };
  withGroup(
    "x11vnc",
    [
      { ...x, name: "rfbauth", server: 0, login: password, expected: "vncAuth" },
      { ...x, name: "rfbauth, wrong", server: 0, login: wrong, expected: "SERVER_PASSWORD_WRONG" },
      { ...x, name: "TLSNone", server: 1, expected: "veNCrypt tlsNone" },
      { ...x, name: "TLSVnc", server: 2, login: password, expected: "veNCrypt tlsVnc" },
      { ...x, name: "X509Vnc", server: 3, login: { ...password, flags: [ca] }, expected: "veNCrypt x509Vnc" },
      { ...x, name: "X509Vnc, unknown", server: 3, login: password, expected: "SERVER_CERTIFICATE" },
      {
        ...x,
        name: "X509Vnc, wrong",
        server: 3,
        login: { ...wrong, flags: [ca] },
        expected: "SERVER_PASSWORD_WRONG",
      },
    ],
    (own) =>
      Promise.all([
        start(own, VNC_PASSWORD),
        start(own, undefined, [...ssl, "-nopw", "-vencrypt", "nox509:force"], true),
        start(own, VNC_PASSWORD, [...ssl, "-vencrypt", "nox509:force"], true),
        start(own, VNC_PASSWORD, [...ssl, "-vencrypt", "nodh:force"]),
      ]),
  );
});

describe("QEMU", () => {
  const secret = `secret,id=pw,data=${VNC_PASSWORD}`;
  const x509 = (verify: string) =>
    `tls-creds-x509,id=tls,dir=${files.folder},endpoint=server,verify-peer=${verify}`;
  const client = ["--vnc-client-cert-file", files.clientBoth] as const;
  const both = ",tls-creds=tls,password-secret=pw";
  withGroup(
    "QEMU",
    [
      { name: "none", server: 0, expected: "none" },
      { name: "password", server: 1, login: password, expected: "vncAuth" },
      { name: "password, wrong", server: 1, login: wrong, expected: "SERVER_PASSWORD_WRONG" },
      { name: "x509", server: 2, login: { ...password, flags: [ca] }, expected: "veNCrypt x509Vnc" },
      { name: "x509, wrong", server: 2, login: { ...wrong, flags: [ca] }, expected: "SERVER_PASSWORD_WRONG" },
      { name: "x509, unknown", server: 2, login: password, expected: "SERVER_CERTIFICATE" },
      { name: "verify-peer", server: 3, login: { flags: [ca, client] }, expected: "veNCrypt x509None" },
      { name: "verify-peer, none shown", server: 3, login: { flags: [ca] }, expected: "ENDPOINT_REFUSED" },
      { name: "anon", server: 4, expected: "veNCrypt tlsNone" },
    ],
    async (own) => {
      const servers = await Promise.all([
        startQemuVnc(own, ""),
        startQemuVnc(own, ",password-secret=pw", [secret]),
        startQemuVnc(own, both, [secret, x509("off")]),
        startQemuVnc(own, ",tls-creds=tls", [x509("on")]),
        startQemuVnc(own, ",tls-creds=tls", ["tls-creds-anon,id=tls,endpoint=server"]),
      ]);
      return servers.map(({ port }) => port);
    },
  );
});

describe("servers of our own", () => {
  const account = { user: "Ada Lovelace", password: "Pw-CANARY-1815" };
  const right: DesktopLogin = { password: account.password, flags: [["--vnc-user", account.user]] };
  const misled: DesktopLogin = { ...right, password: WRONG };
  const msLogon: DesktopLogin = { ...right, flags: [...right.flags!, ["--vnc-mslogon", ""]] };
  const x = { colour: COLOUR };
  const tight: readonly TightAuth[] = ["absent", "none", "vncAuth", "unixLogin"];
  withGroup(
    "ours",
    [
      { ...x, name: "Tight, no list", server: 0, expected: "tight none" },
      { ...x, name: "Tight, none", server: 1, expected: "tight none" },
      { ...x, name: "Tight, VncAuth", server: 2, login: right, expected: "tight vncAuth" },
      { ...x, name: "Tight, VncAuth, wrong", server: 2, login: wrong, expected: "SERVER_PASSWORD_WRONG" },
      {
        ...x,
        name: "Tight, Unix login",
        server: 3,
        login: right,
        expected: "tight unixLogin",
        clearText: true,
      },
      { ...x, name: "Apple DH", server: 4, login: right, expected: "appleDh" },
      { ...x, name: "Apple DH, wrong", server: 4, login: misled, expected: "SERVER_PASSWORD_WRONG" },
      { ...x, name: "MSLogonII", server: 5, login: msLogon, expected: "msLogonII" },
      {
        ...x,
        name: "MSLogonII, not allowed",
        server: 5,
        login: right,
        expected: "SERVER_SECURITY_UNSUPPORTED",
      },
      { ...x, name: "Plain", server: 6, login: right, expected: "veNCrypt plain", clearText: true },
      {
        ...x,
        name: "Plain, wrong",
        server: 6,
        login: misled,
        expected: "SERVER_PASSWORD_WRONG",
        clearText: true,
      },
    ],
    async (own) => {
      const securities = [
        ...tight.map((auth, index) => tightSecurity(auth, account, index % 2 === 0 ? 0 : 2)),
        appleDhSecurity(account),
        msLogonSecurity(account),
        plainSecurity(account),
      ];
      const servers = await Promise.all(
        securities.map((security) => startTestVncServer(own, [security], [COLOUR])),
      );
      return servers.map(({ port }) => port);
    },
  );
});
