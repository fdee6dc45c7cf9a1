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
