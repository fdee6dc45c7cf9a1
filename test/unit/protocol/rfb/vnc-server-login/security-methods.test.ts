import { describe, expect, it } from "vitest";
import { isPosternError, type ServerLogin } from "../../../../../protocol/index.ts";
import {
  chooseSecurityMethod,
  SECURITY_METHODS,
  TIGHT_METHODS,
  VENCRYPT_METHODS,
  VENCRYPT_METHODS_UNCHECKED,
  type SecurityMethod,
} from "../../../../../protocol/rfb/vnc-server-login/security-methods.ts";
import { EVERYTHING } from "./server-conversation.ts";

const { upgrade } = EVERYTHING as Required<ServerLogin>;
const PASSWORD: ServerLogin = { password: "secret", upgrade };
const ACCOUNT: ServerLogin = { ...PASSWORD, user: "ada" };
const CERTIFIED: ServerLogin = { ...ACCOUNT, requireX509: true };

function choose(
  methods: readonly SecurityMethod[],
  offered: readonly number[],
  login: ServerLogin,
): number | string {
  try {
    return chooseSecurityMethod(methods, offered, login);
  } catch (error) {
    if (isPosternError(error)) return error.code;
    throw error;
  }
}

describe("the best security type that the login allows", () => {
  it.each<[string, readonly number[], ServerLogin, number | string]>([
    ["TLS before all others", [1, 2, 16, 30, 19], PASSWORD, 19],
    ["nothing given away where nothing is asked for", [2, 30, 1], ACCOUNT, 1],
    ["an account hidden from listeners before a VNC password", [2, 30], ACCOUNT, 30],
    ["the VNC password where there is no user", [2, 30], PASSWORD, 2],
    ["Tight where there is nothing else", [16, 99], PASSWORD, 16],
    ["MSLogonII not by itself", [113], ACCOUNT, "SERVER_SECURITY_UNSUPPORTED"],
    ["MSLogonII where it is allowed", [113], { ...ACCOUNT, allowMsLogon: true }, 113],
    ["no TLS where nobody can do it", [19], { password: "secret" }, "SERVER_SECURITY_UNSUPPORTED"],
    ["a missing password", [2], { upgrade }, "SERVER_PASSWORD_MISSING"],
    ["a missing user", [30], PASSWORD, "SERVER_USER_MISSING"],
    ["an expected certificate that is not shown", [1, 2, 30], CERTIFIED, "SERVER_CERTIFICATE"],
    ["RSA-AES where there is nothing simpler", [6, 5, 129, 130], PASSWORD, 129],
    ["a whole session encrypted before a VNC password", [2, 129], PASSWORD, 129],
    ["a whole session encrypted before an account hidden from listeners", [129, 5, 30], ACCOUNT, 129],
    ["a whole session encrypted before nothing given away", [1, 5], PASSWORD, 5],
    ["RSA-AES for the login alone before a VNC password", [2, 30, 6, 130], ACCOUNT, 130],
    ["nothing given away before RSA-AES for the login alone", [6, 1], PASSWORD, 1],
    ["TLS before RSA-AES", [129, 18, 2], PASSWORD, 18],
    ["no TLS of type 18 where a certificate is expected", [18], CERTIFIED, "SERVER_CERTIFICATE"],
    ["nothing in common", [13, 20, 77], ACCOUNT, "SERVER_SECURITY_UNSUPPORTED"],
    ["an empty list", [], ACCOUNT, "SERVER_SECURITY_UNSUPPORTED"],
  ])("%s", (_name, offered, login, expected) => {
    expect(choose(SECURITY_METHODS, offered, login)).toBe(expected);
  });

  it.each([
    [[20], "sasl (20)"],
    [[22, 77], "xvp (22), 77"],
    [[263, 264], "tlsSasl (263), x509Sasl (264)"],
  ])("types that are not supported are named: %j", (offered, names) => {
    expect(() => chooseSecurityMethod(SECURITY_METHODS, offered, ACCOUNT)).toThrow(`offers only: ${names}. `);
  });

  it("each of the 256 types alone", () => {
    const allowed = Array.from({ length: 256 }, (_, type) => type).filter(
      (type) => typeof choose(SECURITY_METHODS, [type], EVERYTHING) === "number",
    );
    expect(allowed).toEqual([1, 2, 5, 6, 16, 18, 19, 30, 113, 129, 130]);
  });
});

describe("the best sub-type of VeNCrypt", () => {
  const all = [1, 2, 256, 257, 258, 259, 260, 261, 262];

  it.each<[string, readonly number[], ServerLogin, number | string]>([
    ["a certificate when one is expected", all, CERTIFIED, 260],
    ["the account before the VNC password", [261, 262], CERTIFIED, 262],
    ["anonymous TLS never, when a certificate is expected", [257, 258, 1], CERTIFIED, "SERVER_CERTIFICATE"],
    ["the password inside a certified connection", [258, 261], { ...PASSWORD, requireX509: true }, 261],
  ])("%s", (_name, offered, login, expected) => {
    expect(choose(VENCRYPT_METHODS, offered, login)).toBe(expected);
  });

  it.each<[string, readonly number[], ServerLogin, number | string]>([
    ["anonymous TLS where no certificate can be checked", all, ACCOUNT, 257],
    ["anonymous TLS before no TLS", [1, 2, 258], PASSWORD, 258],
    ["no TLS before a certificate that nobody checks", [2, 261], PASSWORD, 2],
    ["that certificate at last, to be refused by its name", [261], PASSWORD, 261],
    ["clear text not to other hosts", [256], ACCOUNT, "SERVER_SECURITY_UNSUPPORTED"],
    ["clear text within a host", [256], { ...ACCOUNT, allowClearText: true }, 256],
    ["a missing user", [259], PASSWORD, "SERVER_USER_MISSING"],
  ])("%s", (_name, offered, login, expected) => {
    expect(choose(VENCRYPT_METHODS_UNCHECKED, offered, login)).toBe(expected);
  });
});

it("Tight's Unix login is clear text too", () => {
  expect(choose(TIGHT_METHODS, [129], ACCOUNT)).toBe("SERVER_SECURITY_UNSUPPORTED");
  expect(choose(TIGHT_METHODS, [129, 2], ACCOUNT)).toBe(2);
  expect(choose(TIGHT_METHODS, [129, 1, 2], ACCOUNT)).toBe(1);
  expect(choose(TIGHT_METHODS, [129], { ...ACCOUNT, allowClearText: true })).toBe(129);
});
