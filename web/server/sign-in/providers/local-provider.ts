import { z } from "zod";
import { NO_PASSWORD } from "../passwords.ts";
import { PASSWORD_FORM } from "./password-form.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

const localOptions = z.strictObject({});

/** Accounts of this server, with a password in its database. */
export const localProvider: SignInProviderKind<z.output<typeof localOptions>> = {
  name: "local",
  options: localOptions,
  open: (_options, { stores, passwords }) => ({
    form: PASSWORD_FORM,
    async signIn({ name, password }, { familiarity }) {
      const found = await stores.users.findByName(name);
      const user = found?.passwordHash === NO_PASSWORD ? null : found;
      const right = await passwords.verify(password, user?.passwordHash ?? null, familiarity);
      if (user !== null && right) return { kind: "signedIn", user };
      return user === null ? { kind: "unknownPerson" } : { kind: "refused", user };
    },
  }),
};
