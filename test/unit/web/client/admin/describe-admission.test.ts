import { expect, test } from "vitest";
import { describeAdmission } from "../../../../../web/client/admin/describe-admission.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";

const OPEN = { create: true, allowGroups: null, denyGroups: [], denyPeople: [] };

test("whom a provider lets in is told in one line", () => {
  expect(describeAdmission(OPEN, catalogues.en)).toBe("everybody whom it knows");
  const closed = {
    create: false,
    allowGroups: ["staff", "guests"],
    denyGroups: ["old"],
    denyPeople: ["mallory"],
  };
  expect(describeAdmission(closed, catalogues.en)).toBe(
    "only the groups staff, guests; not the groups old; not mallory; only who has an account already",
  );
  expect(describeAdmission(closed, catalogues.fr)).toBe(
    "seulement les groupes staff, guests; pas les groupes old; pas mallory; seulement qui a déjà un compte",
  );
});
