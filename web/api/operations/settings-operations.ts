import { providerTest, signInSettings } from "../schemas.ts";
import { answerWith, type Operation } from "./operation.ts";

const common = { group: "Sign-in settings", scope: "admin" } as const;

export const SETTINGS_OPERATIONS: readonly Operation[] = [
  {
    ...common,
    method: "GET",
    path: "/sign-in-settings",
    summary: "How people sign in",
    details:
      "The sign-in providers in the order in which they are asked, and who has to have a second factor. Secrets are not in it: an option whose `value` is null is set, and not shown. What it says is changed in the file of `--sign-in` and takes a restart.",
    access: "audit",
    answers: answerWith(signInSettings, {
      file: "/etc/postern/sign-in.json",
      providers: [
        {
          id: "campus",
          kind: "ldap",
          create: true,
          viewers: true,
          allowGroups: null,
          denyGroups: [],
          denyPeople: [],
          roles: [{ role: "admin", groups: ["cn=admins,ou=groups,dc=example,dc=org"] }],
          requireFactor: false,
          passkeyAlone: false,
          options: [
            { name: "urls", value: "ldaps://ldap.example.org" },
            { name: "bindPassword", value: null },
          ],
          testable: true,
        },
      ],
      secondFactor: { requiredFor: ["admin"], passkeys: true },
    }),
  },
  {
    ...common,
    method: "POST",
    path: "/sign-in-settings/:provider/test",
    summary: "Test a sign-in provider",
    details:
      "Tries what can be tried without a person's password, for at most 12 seconds, and says in words what failed. One test at a time of each provider, and two seconds between them.",
    access: "administer",
    pathExample: { provider: "oidc" },
    answers: answerWith(providerTest, {
      works: false,
      text: {
        en: "ldaps://ldap.example.org cannot be reached (ECONNREFUSED).",
        fr: "ldaps://ldap.example.org est injoignable (ECONNREFUSED).",
      },
      milliseconds: 12,
    }),
    errors: ["SIGN_IN_PROVIDER_UNKNOWN", "LOGIN_THROTTLED"],
  },
];
