import type { NetworkInterfaceInfo } from "node:os";
import { expect, it } from "vitest";
import { findHostRanges, watchHostRanges } from "../../../../launcher/network/host-addresses.ts";
import { probeNetwork } from "../../../../launcher/network/probe-network.ts";
import { formatRange } from "../../../../launcher/model/ip-ranges.ts";
import { writeHostUpdate } from "../../../../launcher/network/filter-rules.ts";
import { findNetworkTools } from "../../../../launcher/network/network-tools.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

function address(cidr: string): NetworkInterfaceInfo {
  const common = { address: cidr.split("/")[0]!, netmask: "", mac: "", internal: false, cidr };
  return cidr.includes(":") ? { ...common, family: "IPv6", scopeid: 0 } : { ...common, family: "IPv4" };
}

it("finds the host's addresses and neighbours, each once", () => {
  const interfaces = {
    lo: [address("127.0.0.1/8"), address("::1/128")],
    eth0: [address("45.77.0.1/24"), address("45.77.0.9/32"), address("2a00:77::1/64"), address("fe80::1/64")],
    eth1: [address("45.77.0.2/24")],
  };
  expect(findHostRanges(interfaces).map(formatRange)).toEqual([
    ...["45.77.0.0/24", "127.0.0.0/8", "::1/128", "2a00:77::/64", "fe80::/64"],
  ]);
});

it("writes an update that empties what there is no more", () => {
  expect(writeHostUpdate(findHostRanges({ eth0: [address("45.77.0.1/24")] }))).toBe(
    "flush set inet postern host4\nadd element inet postern host4 { 45.77.0.0/24 }\nflush set inet postern host6\n",
  );
});

it("tells a change of the host's addresses, once, until it is stopped", () => {
  const clock = new ManualClock();
  let interfaces = { eth0: [address("45.77.0.1/24")] };
  const told: string[] = [];
  const stop = watchHostRanges(
    clock,
    (host) => told.push(...host.map(formatRange)),
    () => interfaces,
  );
  clock.advance(10_000);
  expect(told).toEqual([]);
  interfaces = { eth0: [address("45.78.0.1/24")] };
  clock.advance(20_000);
  expect(told).toEqual(["45.78.0.0/24"]);
  stop();
  interfaces = { eth0: [address("45.79.0.1/24")] };
  clock.advance(20_000);
  expect(told).toEqual(["45.78.0.0/24"]);
});

it("says which packages are missing", async () => {
  expect(findNetworkTools("/nowhere", [])).toEqual({
    missingPackages: ["dash", "util-linux", "mount", "iproute2", "nftables", "slirp4netns"],
  });
  expect(await probeNetwork("/nowhere", true, [])).toMatchObject({
    kind: "restricted",
    obstacles: [{ remedy: expect.stringContaining("slirp4netns") as string }],
  });
});
