import { z } from "zod";
import { signInForm } from "./sign-in-schemas.ts";

export const errorBody = z.object({
  error: z.object({
    code: z.string(),
    /** What happened, why, what to do. */
    message: z.string(),
    /** For `DESKTOP_AMBIGUOUS`: `AGENT/NAME` each. */
    choices: z.array(z.string()).optional(),
    /** For `INPUT_INVALID`: the first field that is wrong, by its path in the request. */
    field: z.object({ name: z.string(), problem: z.string() }).optional(),
    /** For `LOGIN_REQUIRED`. */
    signIn: signInForm.optional(),
  }),
});
export type ErrorBody = z.infer<typeof errorBody>;

/** What every refusal is, as `application/problem+json` (RFC 9457): `code` is what programs read; `error` is the same, as it was before. */
export const problemBody = errorBody.extend({
  /** `urn:postern:error:CODE`. */
  type: z.string(),
  /** The status, in words. */
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
});
export type ProblemBody = z.infer<typeof problemBody>;
