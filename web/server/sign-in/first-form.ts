import { z } from "zod";
import { loginRequest, type SignInForm } from "../../api/schemas.ts";
import type { Credentials, SignInProvider } from "./providers/index.ts";

interface FirstForm {
  readonly form: SignInForm;
  /** Checks what the page sends. */
  readonly request: z.ZodType<Credentials>;
}

/** What a sign-in begins with, for all providers together. */
export function joinForms(
  providers: readonly SignInProvider[],
  offers: { readonly passkeys: boolean; readonly signUp: boolean },
): FirstForm {
  const merged = mergeForms(providers.map((provider) => provider.form));
  const asking = offers.signUp ? { ...merged, signUp: true } : merged;
  const form = offers.passkeys ? offerPasskeys(asking) : asking;
  const request = describeRequest(form, {
    password: providers.some(({ withoutPassword }) => withoutPassword === true),
    name: providers.some(({ withoutName }) => withoutName === true),
  });
  return { form, request };
}

/** Whether a provider is asked by what was typed: some directories take an empty password for no sign-in at all, and say yes. */
export function fits(provider: SignInProvider, { name, password }: Credentials): boolean {
  const isWithoutPassword = provider.withoutPassword ?? false;
  const isWithoutName = provider.withoutName ?? false;
  return isWithoutPassword === (password === "") && isWithoutName === (name === "");
}

/** Each field once, as long as the longest; all links, and one button that submits the same fields. */
function mergeForms(forms: readonly SignInForm[]): SignInForm {
  const fields = forms.flatMap((form) => form.fields);
  const buttons = forms.flatMap((form) => form.buttons);
  return {
    fields: fields.filter(isFirst(({ name }) => name)).map((field) => {
      const same = fields.filter(({ name }) => name === field.name);
      return { ...field, maxLength: Math.max(...same.map(({ maxLength }) => maxLength)) };
    }),
    buttons: buttons.filter(isFirst(({ href, without = [] }) => href ?? JSON.stringify(without))),
  };
}

/** For `filter`: the first of those that share a key. */
function isFirst<T>(keyOf: (item: T) => string) {
  return (item: T, index: number, all: readonly T[]): boolean =>
    all.findIndex((other) => keyOf(other) === keyOf(item)) === index;
}

/** Name and password are always there; fields that only some providers know may be absent. */
function describeRequest(
  { fields }: SignInForm,
  mayBeEmpty: { readonly name: boolean; readonly password: boolean },
): z.ZodType<Credentials> {
  const { password } = loginRequest.shape;
  const longest = fields.find((field) => field.name === "name")?.maxLength ?? 0;
  const maxLength = Math.max(loginRequest.shape.name.maxLength ?? 0, longest);
  const name = z.string().min(1).max(maxLength);
  const further = fields.filter((field) => !(field.name in loginRequest.shape));
  const shape = further.map((field) => [field.name, z.string().max(field.maxLength).optional()] as const);
  return z
    .object({
      name: mayBeEmpty.name ? name.or(z.literal("")).default("") : name,
      password: mayBeEmpty.password ? password.or(z.literal("")).default("") : password,
    })
    .and(z.object(Object.fromEntries(shape)));
}

/** Browsers offer passkeys on the field of the name. */
function offerPasskeys(form: SignInForm): SignInForm {
  const fields = form.fields.map((field) =>
    field.autocomplete === "username" ? { ...field, autocomplete: "username webauthn" } : field,
  );
  return { ...form, fields, passkey: { use: "alone" } };
}
