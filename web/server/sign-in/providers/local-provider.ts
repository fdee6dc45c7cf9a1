import { z } from "zod";
import { loginRequest, type SignInForm } from "../../../api/schemas.ts";
import { NO_PASSWORD } from "../passwords.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

const { name, password } = loginRequest.shape;

const FORM: SignInForm = {
  fields: [
    {
      name: "name",
      kind: "text",
      label: { en: "Name", fr: "Nom" },
      missing: { en: "Enter your name.", fr: "Saisissez votre nom." },
      autocomplete: "username",
      maxLength: name.maxLength ?? 0,
    },
    {
      name: "password",
      kind: "password",
      label: { en: "Password", fr: "Mot de passe" },
      missing: { en: "Enter your password.", fr: "Saisissez votre mot de passe." },
      autocomplete: "current-password",
      maxLength: password.maxLength ?? 0,
    },
  ],
  buttons: [{ label: { en: "Sign in", fr: "Se connecter" }, href: null }],
};

const localOptions = z.strictObject({});

/** Accounts of this server, with a password in its database. */
export const localProvider: SignInProviderKind<z.output<typeof localOptions>> = {
  name: "local",
  options: localOptions,
  open: (_options, { stores, passwords }) => ({
    form: FORM,
    async signIn(credentials) {
      const found = await stores.users.findByName(credentials.name);
      const user = found?.passwordHash === NO_PASSWORD ? null : found;
      const right = await passwords.verify(credentials.password, user?.passwordHash ?? null);
      if (user === null) return { kind: "unknownPerson" };
      return right ? { kind: "signedIn", user } : { kind: "refused", user };
    },
  }),
};
