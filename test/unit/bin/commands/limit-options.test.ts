import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { addLimitFlags, readLimitFlags, type LimitFlags } from "../../../../bin/commands/limit-options.ts";
import { loadLimits, parseLimits } from "../../../../bin/programs/limits-file.ts";
import { parseDurationSeconds } from "../../../../bin/terminal/option-parsers.ts";

function read(...args: string[]) {
  const command = addLimitFlags(new Command().exitOverride());
  return readLimitFlags(command.parse(args, { from: "user" }).opts<LimitFlags>());
}

describe("limits on the command line", () => {
  it("are none unless they are given", async () => {
    expect(read()).toEqual({ file: null, user: {} });
    expect(await loadLimits(read())).toEqual({ roles: { user: {} }, users: {} });
  });

  it("are those of everybody who is no administrator", async () => {
    const options = read(
      ...["--user-machines", "3", "--user-cpus", "8", "--user-memory-mb", "4096", "--user-disk-gb", "100"],
      ...["--max-lifetime", "2d", "--user-may", "internet,script"],
    );
    const user = {
      ...{ machines: 3, cpus: 8, memoryMb: 4096, diskGb: 100, lifetimeSeconds: 172_800 },
      may: ["internet", "script"],
    };
    expect(await loadLimits(options)).toEqual({ roles: { user }, users: {} });
    expect(read("--user-may", "nothing").user).toEqual({ may: [] });
    const lifted = read("--user-machines", "none", "--user-tokens", "7");
    expect(await loadLimits(lifted)).toMatchObject({ roles: { user: { machines: null, tokens: 7 } } });
  });

  it.each([
    [["--user-may", "everything"], "PRIVILEGE"],
    [["--max-lifetime", "59"], "DURATION"],
    [["--max-lifetime", "soon"], "DURATION"],
    [["--user-cpus", "-1"], "NUMBER"],
    [["--user-tokens", "many"], "NUMBER"],
  ])("%j is refused: %s", (args, code) => {
    expect(() => read(...args)).toThrow(expect.objectContaining({ code }));
  });
});

describe("the file of limits", () => {
  it("is read, and says more than the options", () => {
    const table = parseLimits('{"users": {"anna": {"cpus": 2, "extend": false}}}', "limits.json");
    expect(table).toEqual({ roles: {}, users: { anna: { cpus: 2, extend: false } } });
  });

  it.each([
    ["{", "limits.json is no JSON."],
    ['{"roles": {"user": {"memory": 1}}}', "limits.json: roles.user: "],
    ['{"users": {"anna": {"cpus": "2"}}}', "limits.json: users.anna.cpus: "],
    ['{"users": {"anna": {"may": ["sudo"]}}}', "limits.json: users.anna.may.0: "],
  ])("%s is refused with what is wrong", (text, message) => {
    expect(() => parseLimits(text, "limits.json")).toThrow(
      expect.objectContaining({
        code: "LIMITS_INVALID",
        message: expect.stringContaining(message) as string,
      }),
    );
  });
});

it.each([
  ["60", 60],
  ["90s", 90],
  ["30m", 1800],
  ["8h", 28_800],
  ["2d", 172_800],
])("%s is %i s", (text, seconds) => {
  expect(parseDurationSeconds("--x", 60)(text)).toBe(seconds);
});
