import { loginRequest, type SignInForm } from "../../../api/schemas.ts";

const { name, password } = loginRequest.shape;

/** Name and password, for every provider that asks for them. */
export const PASSWORD_FORM: SignInForm = {
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
