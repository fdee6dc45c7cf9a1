import { expect, test } from "vitest";
import { openWebFixture } from "../../../../support/web-fixture.ts";

const OWN = "https://desk.test:8443";
const SITES = [undefined, "same-origin", "same-site", "cross-site", "none"];
const ORIGINS = [undefined, OWN, "https://evil.test", "null"];
const TYPES = ["application/json", "text/plain", undefined];
/** Only these pass: our own page by the browser's word, and, from browsers that have no such word, by Origin. */
const PASSING = new Set(["same-origin *", `undefined ${OWN}`]);

test("every combination of site, Origin, type and cookie: only what is listed passes", async () => {
  const { ask, signIn } = await openWebFixture();
  const cookies = { valid: await signIn("anna"), forged: "__Host-postern=forged", none: undefined };
  for (const site of SITES)
    for (const origin of ORIGINS)
      for (const type of TYPES)
        for (const [name, as] of Object.entries(cookies)) {
          const headers = { "sec-fetch-site": site, origin, "content-type": type };
          const { status, headers: answered } = await ask("POST", "/api/v1/tickets", {
            as,
            headers,
            body: { desktop: "none" },
          });
          const isOurs = PASSING.has(`${site} *`) || PASSING.has(`${site} ${origin}`);
          const expected = !isOurs ? 403 : type !== TYPES[0] ? 415 : name !== "valid" ? 401 : 404;
          const combination = `${site} ${origin} ${type} ${name}`;
          expect(status, combination).toBe(expected);
          expect(answered["content-security-policy"], combination).toContain("default-src 'self'");
          expect(answered["set-cookie"], combination).toBeUndefined();
        }
});
