import { expect, test } from "vitest";
import { FLEETING, LASTING, listHoldings } from "../../../../../web/client/people/list-holdings.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";

const HOLDINGS = { logins: 1, tokens: 3, machines: 0, dataDisks: 2 };

test("what belongs to an account is said with its number, and nothing of what there is none of", () => {
  expect(listHoldings(HOLDINGS, catalogues.en)).toBe(
    "1 signed-in browser, 3 tokens for VNC viewers, 2 data disks",
  );
  expect(listHoldings(HOLDINGS, catalogues.fr, LASTING)).toBe("2 disques de données");
  expect(listHoldings(HOLDINGS, catalogues.en, FLEETING)).toBe(
    "1 signed-in browser, 3 tokens for VNC viewers",
  );
  expect(listHoldings({ ...HOLDINGS, dataDisks: 0 }, catalogues.en, LASTING)).toBe("");
});
