import { describe, expect, test } from "vitest";
import { chooseProxies, parseHttpProxy } from "../../../../agent/dial/http-proxy.ts";
import { readHttpProxy } from "../../../../bin/commands/agent-options.ts";

const URL_OF_PROXY = "http://proxy.example.org:3128";

describe("the address of an HTTP proxy", () => {
  test.each([
    ["http://proxy.example.org:3128", "proxy.example.org", 3128, null],
    ["proxy.example.org:3128", "proxy.example.org", 3128, null],
    ["http://proxy.example.org", "proxy.example.org", 80, null],
    ["http://[fd00::1]:8080/", "fd00::1", 8080, null],
    ["http://ada:l%40ve%3A@10.0.0.1:3128", "10.0.0.1", 3128, "ada:l@ve:"],
    ["http://ada@10.0.0.1:3128", "10.0.0.1", 3128, "ada:"],
  ])("%s", (text, host, port, login) => {
    const authorization = login === null ? null : `Basic ${Buffer.from(login).toString("base64")}`;
    expect(parseHttpProxy(text)).toEqual({ host, port, authorization });
  });

  test.each([
    "https://proxy.example.org:3128",
    "socks5://a:1",
    "http://",
    "http://a%3Ab:c@h:1",
    "a b:80",
    "",
  ])("%j is refused", (text) => {
    expect(() => parseHttpProxy(text)).toThrow("http://HOST:PORT");
  });
});

describe("which servers are dialled directly", () => {
  test.each([
    ["", "desk.example.org", 443, false],
    ["*", "desk.example.org", 443, true],
    ["example.org", "desk.example.org", 443, true],
    ["example.org", "DESK.Example.Org.", 443, true],
    [".example.org", "example.org", 443, true],
    ["*.example.org", "desk.example.org", 443, true],
    ["example.org", "badexample.org", 443, false],
    ["example.org:8443", "desk.example.org", 443, false],
    ["other, example.org:8443", "desk.example.org", 8443, true],
    ["10.0.0.0/8", "10.200.3.4", 443, true],
    ["10.0.0.0/8", "11.0.0.1", 443, false],
    ["10.0.0.0/99", "10.0.0.1", 443, false],
    ["10.0.0.7:443", "10.0.0.7", 443, true],
    ["0.0.0.1", "1", 443, false],
    ["::1", "::1", 443, true],
    ["[fd00::1]:443", "fd00::1", 443, true],
    ["fd00::/16", "fd00::42", 443, true],
    [":443", "desk.example.org", 443, false],
  ])("NO_PROXY=%s, %s:%i: %s", (bypass, host, port, direct) => {
    expect(chooseProxies({ url: URL_OF_PROXY, bypass })({ host, port }) === null).toBe(direct);
  });

  test("without settings all are", () => {
    expect(chooseProxies(null)({ host: "a", port: 1 })).toBeNull();
  });
});

describe("flag and environment", () => {
  const env = { HTTPS_PROXY: URL_OF_PROXY, NO_PROXY: "corp.example" };

  test("the flag goes before the environment, and leaves nothing out", () => {
    expect(readHttpProxy("http://other:1", env)).toEqual({ url: "http://other:1", bypass: "" });
    expect(readHttpProxy("none", env)).toBeNull();
  });

  test("the environment counts, except for this machine itself", () => {
    const settings = readHttpProxy(undefined, env);
    expect(settings?.url).toBe(URL_OF_PROXY);
    const choose = chooseProxies(settings);
    for (const host of ["127.0.0.1", "localhost", "::1", "desk.corp.example"])
      expect(choose({ host, port: 443 })).toBeNull();
    expect(choose({ host: "desk.example.org", port: 443 })).not.toBeNull();
    expect(readHttpProxy(undefined, { ...env, https_proxy: "http://lower:1" })?.url).toBe("http://lower:1");
    expect(readHttpProxy(undefined, { HTTPS_PROXY: "" })).toBeNull();
  });
});
