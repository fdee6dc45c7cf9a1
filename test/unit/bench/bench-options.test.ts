import { expect, it } from "vitest";
import { parseBenchOptions } from "../../bench/bench-options.ts";

const NAMES = ["haproxy", "haproxy-tls", "postern"];
const parse = (...args: string[]) => parseBenchOptions(args, NAMES);

it("measures everything at every target unless told otherwise", () => {
  expect(parse()).toMatchObject({ parts: ["relay", "desktops"], only: [], rounds: 3, quick: false });
});

it("takes parts in its own order, and names of peers and targets", () => {
  expect(parse("desktops", "relay", "--only", "postern,haproxy-tls")).toMatchObject({
    parts: ["relay", "desktops"],
    only: ["postern", "haproxy-tls"],
  });
  expect(parse("desktops").parts).toEqual(["desktops"]);
});

it("is shorter in all that it does when it is to be quick", () => {
  const [full, quick] = [parse(), parse("--quick")];
  for (const key of ["rounds", "flowMs", "pings", "connections", "sceneMs"] as const)
    expect(quick[key], key).toBeLessThan(full[key]);
});

it("lets rounds and seconds be chosen", () => {
  expect(parse("--rounds", "5", "--secs", "0.5", "--json", "x.json")).toMatchObject({
    rounds: 5,
    flowMs: 500,
    sceneMs: 500,
    json: "x.json",
  });
});

it.each([
  [["--only", "apache"], "There is no apache. Choose from: haproxy, haproxy-tls, postern."],
  [["speed"], "There is no speed. Choose from: relay, desktops."],
  [["--rounds", "0"], '--rounds takes a number over 0, not "0".'],
  [["--secs", "x"], '--secs takes a number over 0, not "x".'],
])("refuses %j", (args, message) => {
  expect(() => parse(...args)).toThrow(message);
});
