import { expect, test } from "vitest";
import { composeInvitationMail } from "../../../../../../web/server/sign-in/mail/invitation-mail.ts";

test("both languages say who invites, until when, and where the link is; names are no HTML", () => {
  const url = "https://desk.example.org:8443/invitation#s3cret";
  const mail = composeInvitationMail({
    ...{ to: "nina@example.org", by: "<b>ada</b>", url },
    expiresAt: Date.UTC(2026, 0, 31, 12, 30),
  });
  expect(mail.to).toBe("nina@example.org");
  expect(mail.subject).toContain("desk.example.org:8443");
  for (const part of [mail.text, mail.html]) {
    expect(part.split("2026-01-31 12:30 UTC")).toHaveLength(3);
    expect(part).toContain(url);
    expect(part).toContain("vous invite sur desk.example.org:8443");
  }
  expect(mail.text).toContain("<b>ada</b> invites you");
  expect(mail.html).not.toContain("<b>ada");
});
