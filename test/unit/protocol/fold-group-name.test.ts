import { describe, expect, it } from "vitest";
import { foldGroupName } from "../../../protocol/index.ts";

describe("foldGroupName", () => {
  it.each([
    ["OU=Staff,DC=Example", "ou=staff, dc=example"],
    ["cn=it , ou=a", " cn = it,ou=a "],
    ["cn=a  b,dc=x", "cn=a b,dc=x"],
    ["cn=a\\,b,dc=x", "cn=a\\2cb,dc=x"],
    ["cn=a\\,b,dc=x", 'cn="a,b",dc=x'],
    ["cn=caf\\c3\\a9,dc=x", "cn=CAFÉ,dc=x"],
    ["cn=a+ou=b,dc=x", "ou=b + cn=a,dc=x"],
    ["cn=a;dc=x", "cn=a,dc=x"],
    ["Lab", "lab"],
  ])("%s and %s are one", (one, other) => {
    expect(foldGroupName(one)).toBe(foldGroupName(other));
  });

  it.each([
    ["cn=a\\,dc=x", "cn=a,dc=x"],
    ["cn=a\\+ou=b,dc=x", "cn=a+ou=b,dc=x"],
    ["cn=ab,dc=x", "cn=a b,dc=x"],
    ["cn=a,dc=x", "dc=x,cn=a"],
    ["cn=a,ou=b", "cn=a+ou=b"],
    ["cn=\\fe,dc=x", "cn=\\ff,dc=x"],
    ["a, b", "a,b"],
  ])("%s and %s are two", (one, other) => {
    expect(foldGroupName(one)).not.toBe(foldGroupName(other));
  });

  it.each(["cn=a\\", "cn=a\\z,dc=x", "=a", "a,cn=b", "cn=a,"])("%s is a name like others", (name) => {
    expect(foldGroupName(name)).toBe(name);
  });

  it("gives the same again for what it gave, whatever the name", () => {
    for (const name of ["cn=a\\,b , dc=x", 'cn="a+b"+ou=c,dc=x', "OU=A  B;dc=C", "cn=#04,dc=x", "Lab 7"])
      expect(foldGroupName(foldGroupName(name))).toBe(foldGroupName(name));
  });
});
