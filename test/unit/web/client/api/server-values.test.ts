import { expect, test } from "vitest";
import { LOCAL_PROVIDER, OWN_GROUPS } from "../../../../../proxy/index.ts";
import { userName } from "../../../../../web/api/schemas.ts";
import { LOCAL_ACCOUNTS, NAME_FORM, OWN_SOURCE } from "../../../../../web/client/api/server-values.ts";

test("what the pages know of the server's values is what the server has", () => {
  expect([LOCAL_ACCOUNTS, OWN_SOURCE]).toEqual([LOCAL_PROVIDER, OWN_GROUPS]);
  for (const name of ["anna", "Anna B", "é", "a/b", " a", "a ", "a\u200Bb", "a\nb", ""])
    expect([name, NAME_FORM.test(name)]).toEqual([name, userName.safeParse(name).success]);
});
