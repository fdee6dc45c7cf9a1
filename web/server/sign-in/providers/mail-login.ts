import { z } from "zod";
import type { SignInForm } from "../../../api/schemas.ts";
import { PASSWORD_FORM } from "./password-form.ts";

/** RFC 5321: the longest address. */
const MAX_ADDRESS = 254;
const address = z.email().max(MAX_ADDRESS);

/** Name and password, where a name may be a mail address. */
export const ADDRESS_FORM: SignInForm = {
  ...PASSWORD_FORM,
  fields: PASSWORD_FORM.fields.map((field) =>
    field.name === "name" ? { ...field, maxLength: MAX_ADDRESS } : field,
  ),
};

/** A person as a mail server knows them. */
interface MailLogin {
  /** For the account that is made at the first sign-in. */
  readonly name: string;
  /** What the server is told. */
  readonly login: string;
}

/**
 * Mail servers do not tell upper and lower case apart, so that one person must not get two accounts by it. Null: nobody whom the
 * server of this domain could know.
 */
export function findMailLogin(typed: string, domain: string | undefined): MailLogin | null {
  const folded = foldLogin(typed);
  if (folded === "" || /\p{C}/u.test(folded)) return null;
  if (domain === undefined) return { name: folded, login: folded };
  const at = folded.lastIndexOf("@");
  if (at === -1) return { name: folded, login: `${folded}@${domain}` };
  const name = folded.slice(0, at);
  if (name === "" || name.includes("@") || folded.slice(at + 1) !== domain) return null;
  return { name, login: folded };
}

/** The address in lower case; null: this is none, or one that not every server can deliver to. */
export function parseMailAddress(text: string): string | null {
  const folded = foldLogin(text);
  return address.safeParse(folded).success ? folded : null;
}

function foldLogin(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase();
}
