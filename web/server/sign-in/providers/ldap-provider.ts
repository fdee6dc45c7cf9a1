import { LdapDirectory } from "./ldap/ldap-directory.ts";
import { LDAP_SHOWN, ldapOptions, type LdapOptions } from "./ldap/ldap-options.ts";
import { PASSWORD_FORM } from "./password-form.ts";
import type { SignInProviderKind } from "./sign-in-provider.ts";

/** People of a directory: OpenLDAP, Active Directory, FreeIPA, 389. */
export const ldapProvider: SignInProviderKind<LdapOptions> = {
  name: "ldap",
  options: ldapOptions,
  shown: LDAP_SHOWN,
  open: (options, { id, clock, log }) => {
    const directory = new LdapDirectory(options, { id, clock, log });
    return {
      form: PASSWORD_FORM,
      signIn: (credentials, { familiarity }) => directory.signIn(credentials, familiarity),
      check: () => directory.check(),
    };
  },
};
