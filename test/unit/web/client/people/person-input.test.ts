import { expect, test } from "vitest";
import { userName } from "../../../../../web/api/schemas.ts";
import { checkPerson } from "../../../../../web/client/people/person-input.ts";

test.each(["anna", "Anna Müller", "a", "o'neil", "an/na", "a\u0007b", "Zoé_1", "a/", "李"])(
  "%j is taken for a name here as by the server",
  (name) => {
    expect(checkPerson({ name, email: "" }).name === null).toBe(userName.safeParse(name).success);
  },
);

test("what is missing or wrong is told apart", () => {
  expect(checkPerson({ name: "  ", email: "" })).toEqual({ name: "nameMissing", email: null });
  expect(checkPerson({ name: "a/b", email: "nowhere" })).toEqual({ name: "nameWrong", email: "emailWrong" });
  expect(checkPerson({ name: " anna ", email: " anna@example.org " })).toEqual({ name: null, email: null });
});
