import { describe, expect, test } from "vitest";
import { readPeople } from "../../../../bin/commands/people-file.ts";

const read = (text: string, format?: "csv" | "passwords") => readPeople("list", text, format);

describe("CSV", () => {
  test("has any of the columns, in any order, with quotation marks where they are needed", () => {
    const text =
      '\uFEFFEmail,name,groups,role\r\n\r\nnina@example.org,nina,"lab; students",operator\r\n,"Doe, ""Jo""",,\r\n# done\r\n';
    expect(read(text)).toEqual({
      people: [
        { line: 3, name: "nina", role: "operator", groups: ["lab", "students"], email: "nina@example.org" },
        { line: 4, name: 'Doe, "Jo"', role: null, groups: [], email: null },
      ],
      leftOut: 0,
    });
  });

  test("may have names alone", () => {
    expect(read("name\nnina\nolaf\n").people.map(({ name }) => name)).toEqual(["nina", "olaf"]);
  });

  test.each([";", "\t"])("may have %j between its values, as spreadsheets write it", (separator) => {
    const lines = [
      ["name", "groups", "email"],
      ["nina", '"students;staff"', "nina@example.org"],
      ["olaf", "", ""],
    ];
    const { people } = read(`\uFEFF${lines.map((line) => line.join(separator)).join("\r\n")}`);
    expect(people.map(({ name, groups, email }) => [name, groups, email])).toEqual([
      ["nina", ["students", "staff"], "nina@example.org"],
      ["olaf", [], null],
    ]);
  });

  test.each([
    ["name,colour\n", 'list, line 1: there is no column "colour"'],
    ["name\nnina,olaf\n", "list, line 2: there are 2 values for 1 columns"],
    ['name\n"nina\n', "list, line 2: a quotation mark"],
    ["name\nnina\n\na/b\n", "list, line 4: this is no name"],
    ["name,role\nnina,king\n", 'list, line 2: there is no role "king"'],
    ["name,email\nnina,nowhere\n", 'list, line 2: "nowhere" is no e-mail address'],
    ["name,role\n,user\n", "list, line 2: this is no name"],
    ["name\nnina\nolaf\nNINA\n", "list, line 4: NINA stands in line 2 already"],
    ["name\n", "list names nobody"],
    ["", "list names nobody"],
    ["nina,user\n", "list, line 1: this looks like CSV"],
    ["Nom;Groupe\nnina;students\n", "list, line 1: this looks like CSV"],
    ["name;groups\nnina;students;staff\n", "list, line 2: there are 3 values for 2 columns"],
    [
      `name\n${Array.from({ length: 5001 }, (_none, index) => `n${index}`).join("\n")}`,
      "more than 5000 people",
    ],
  ])("%j is refused as a whole, with the line", (text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });

  test("a list of 5,000 is read", () => {
    const names = Array.from({ length: 5000 }, (_none, index) => `n${index}`);
    expect(read(["name", ...names].join("\n")).people).toHaveLength(5000);
  });
});

describe("a list of passwords", () => {
  test("is read for its names alone", () => {
    const { people } = read("nina:$apr1$x$y\nolaf:secret:more\nuta\n");
    expect(people.map(({ name, line }) => [name, line])).toEqual([
      ["nina", 1],
      ["olaf", 2],
      ["uta", 3],
    ]);
    expect(JSON.stringify(people)).not.toMatch(/apr1|secret/);
  });

  test("of a system has accounts of programs, which are left out", () => {
    const system = [
      "root:x:0:0:root:/root:/bin/bash",
      "nina:x:1000:1000:Nina,,,:/home/nina:/bin/bash",
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
    ];
    const { people, leftOut } = read(system.join("\n"));
    expect({ names: people.map(({ name }) => name), leftOut }).toEqual({ names: ["nina"], leftOut: 2 });
  });

  test("is told from CSV by its first line, or by what is said", () => {
    expect(read("name:hash\n").people[0]?.name).toBe("name");
    expect(read("name\nnina\n", "passwords").people).toHaveLength(2);
    expect(() => read("nina\n", "csv")).toThrow('no column "nina"');
  });
});
