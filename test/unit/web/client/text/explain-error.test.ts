import { describe, expect, it } from "vitest";
import { ApiError } from "../../../../../web/client/api/api-error.ts";
import { catalogues } from "../../../../../web/client/text/translations/languages.ts";
import { explainError } from "../../../../../web/client/text/explain-error.ts";

const { fr } = catalogues;

describe("explainError", () => {
  it("speaks the person's language where it knows the code", () => {
    expect(explainError(new ApiError("LOGIN_REFUSED", 401, "Name or password is wrong."), fr)).toBe(
      fr.errors.LOGIN_REFUSED,
    );
  });

  it("passes on the server's sentence for any other code", () => {
    expect(explainError(new ApiError("QUOTA", 409, "No room for 64 GB."), fr)).toBe("No room for 64 GB.");
  });

  it("says how long a throttled sign-in has to wait", () => {
    const throttled = new ApiError("LOGIN_THROTTLED", 429, "Wait.", { retryAfterSeconds: 8 });
    expect(explainError(throttled, fr)).toBe("Trop d’essais. Réessayez dans 8 s.");
  });

  it("has a sentence when nobody said anything", () => {
    expect(explainError(new ApiError("UNHEARD", 500, ""), fr)).toBe(fr.errors.UNKNOWN);
    expect(explainError(new TypeError("x"), fr)).toBe(fr.errors.UNKNOWN);
  });
});
