import { expect, test } from "vitest";
import { composeCodeMail } from "../../../../../../web/server/sign-in/providers/code-mail.ts";

test("the code and its link are in both texts, in both languages", () => {
  const mail = composeCodeMail({ to: "a@example.org", code: "012345", pagesUrl: "https://desk.test/" });
  expect(mail.subject).not.toContain("012345");
  for (const text of [mail.text, mail.html]) {
    expect(text.split("https://desk.test/#code=012345").length).toBeGreaterThan(2);
    expect(text).toContain("Here is your code");
    expect(text).toContain("Voici votre code");
  }
});

test("an address of the pages is no HTML", () => {
  const { html } = composeCodeMail({ to: "a@example.org", code: "1", pagesUrl: `https://desk.test/"><b>'` });
  expect(html).toContain(`href="https://desk.test/%22%3E%3Cb%3E&#39;#code=1"`);
  expect(html).not.toContain("'");
});
