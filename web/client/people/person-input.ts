import { NAME_FORM } from "../api/server-values.ts";

/** Only what is surely wrong: the server knows the rest. */
const EMAIL = /^[^\s@]+@[^\s@]+$/;

export interface PersonInput {
  readonly name: string;
  readonly email: string;
}

export type PersonFault = "nameMissing" | "nameWrong" | "emailWrong";

/** What is wrong with a new person, by field; null: nothing. */
export function checkPerson({ name, email }: PersonInput): {
  readonly name: PersonFault | null;
  readonly email: PersonFault | null;
} {
  const wanted = name.trim();
  return {
    name: wanted === "" ? "nameMissing" : NAME_FORM.test(wanted) ? null : "nameWrong",
    email: email.trim() === "" || EMAIL.test(email.trim()) ? null : "emailWrong",
  };
}
