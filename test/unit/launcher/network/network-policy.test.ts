import { expect, it } from "vitest";
import { loopbackOf, parseException, parseForward } from "../../../../launcher/network/network-policy.ts";
import { formatRange } from "../../../../launcher/model/ip-ranges.ts";
import { userNetworkArguments } from "../../../../launcher/network/user-network-arguments.ts";

it.each([
  ["10.1.2.0/24", "10.1.2.0/24", undefined],
  ["10.1.2.3:443", "10.1.2.3/32", 443],
  ["10.1.2.0/24:53", "10.1.2.0/24", 53],
  ["fd12::/16", "fd12::/16", undefined],
  ["[fd12::7]:443", "fd12::7/128", 443],
  ["[fd12::/32]", "fd12::/32", undefined],
  ["127.0.0.1:3128", "127.0.0.1/32", 3128],
  ["[::1]:3128", "::1/128", 3128],
])("reads the exception %s", (text, range, port) => {
  const exception = parseException(text);
  expect([formatRange(exception.range), exception.port]).toEqual([range, port]);
});

it.each([
  ...["", "here", "10.1.2.3:0", "10.1.2.3:65536", "10.0.0.0/40", "[fd12::7", "10.1.2.3:https"],
  // The host's loopback: one address, one port. What machines use themselves: never.
  ...["127.0.0.1", "127.0.0.0/8", "127.0.0.0/8:80", "::1", "198.19.255.7", "[fd00::5]:80"],
])("refuses the exception %j", (text) => {
  expect(() => parseException(text)).toThrow(expect.objectContaining({ code: "NETWORK_EXCEPTION" }));
});

it("knows the host's loopback", () => {
  expect(loopbackOf(parseException("127.0.0.1:80").range)).toBe("ipv4");
  expect(loopbackOf(parseException("[::1]:80").range)).toBe("ipv6");
  expect(loopbackOf(parseException("10.0.0.1:80").range)).toBeNull();
});

it("reads a port forward", () => {
  expect(parseForward("my=vm=udp:0.0.0.0:5353:53")).toEqual({
    ...{ machine: "my=vm", protocol: "udp", hostAddress: "0.0.0.0", hostPort: 5353, guestPort: 53 },
  });
});

it.each([
  "",
  "vm",
  "vm=tcp:8022:22",
  "vm=tcp:localhost:8022:22",
  "vm=sctp:127.0.0.1:1:1",
  "=tcp:127.0.0.1:1:1",
])("refuses the port forward %j", (text) => {
  expect(() => parseForward(text)).toThrow(expect.objectContaining({ code: "NETWORK_FORWARD" }));
});

it("gives QEMU a network of its own that hides nothing the administrator opened", () => {
  const net = (texts: string[]): unknown =>
    JSON.parse(userNetworkArguments("internet", true, texts.map(parseException), [])[1]!);
  expect(net([])).toEqual({ type: "user", id: "net0", net: "10.0.2.0/24" });
  expect(net(["10.0.0.0/16"])).toEqual({ type: "user", id: "net0", net: "198.18.254.0/24" });
});

it("lets a guest go nowhere without a filter, or where it is isolated", () => {
  const closed = JSON.stringify({ type: "user", id: "net0", restrict: true });
  expect(userNetworkArguments("internet", false, [], [])[1]).toBe(closed);
  expect(userNetworkArguments("isolated", true, [], [])[1]).toBe(closed);
});

it("hands a forwarded port on to the guest", () => {
  const forwards = [parseForward("vm=tcp:127.0.0.1:8022:22")];
  expect(JSON.parse(userNetworkArguments("internet", true, [], forwards)[1]!)).toMatchObject({
    hostfwd: [{ str: "tcp:198.19.255.100:8022-:22" }],
  });
});
