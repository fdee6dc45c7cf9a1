import type { PasskeyOptions, SignInField, SignInForm } from "../../../api/schemas.ts";

const CODE_FIELD: SignInField = {
  name: "code",
  kind: "text",
  label: { en: "Code from your app", fr: "Code de votre application" },
  missing: { en: "Type the six digits of your app.", fr: "Saisissez les six chiffres de votre application." },
  autocomplete: "one-time-code",
  maxLength: 32,
};
const RECOVERY_FIELD: SignInField = {
  name: "recovery",
  kind: "text",
  label: { en: "Recovery code", fr: "Code de secours" },
  missing: { en: "Type one of your recovery codes.", fr: "Saisissez un de vos codes de secours." },
  autocomplete: "off",
  maxLength: 32,
};
const PASSWORD_FIELD: SignInField = {
  name: "password",
  kind: "password",
  label: { en: "Password", fr: "Mot de passe" },
  missing: { en: "Enter your password.", fr: "Saisissez votre mot de passe." },
  autocomplete: "current-password",
  maxLength: 256,
};
const CONTINUE = { label: { en: "Continue", fr: "Continuer" }, href: null };

/** The factors that a person may be asked for. */
export interface AskableFactors {
  readonly totp: boolean;
  readonly recovery: boolean;
  /** Null: the person has none that works here. */
  readonly passkey: PasskeyOptions | null;
}

/** Asks for a factor, and where `password` is true for the password as an alternative. */
export function askForFactor({ totp, recovery, passkey }: AskableFactors, password = false): SignInForm {
  const alternatives = [
    ...(totp ? [{ label: { en: "Use your app", fr: "Utiliser l'application" }, fields: [CODE_FIELD] }] : []),
    ...(password
      ? [{ label: { en: "Use your password", fr: "Utiliser le mot de passe" }, fields: [PASSWORD_FIELD] }]
      : []),
    ...(recovery
      ? [
          {
            label: { en: "Use a recovery code", fr: "Utiliser un code de secours" },
            fields: [RECOVERY_FIELD],
          },
        ]
      : []),
  ];
  // A passkey is a button: fields beside it are the first alternative.
  const [first] = alternatives;
  return {
    text: { en: "Confirm that it is you.", fr: "Confirmez que c'est bien vous." },
    fields: first?.fields ?? [],
    buttons: first === undefined ? [] : [CONTINUE],
    ...(passkey !== null && { passkey: { use: "get", options: passkey } }),
    ...(alternatives.length > 1 && { alternatives }),
  };
}

/** A person who can prove nothing here signs in anew. */
export const SIGN_IN_ANEW: SignInForm = {
  text: {
    en: "Sign out and in again to confirm that it is you.",
    fr: "Déconnectez-vous puis reconnectez-vous pour confirmer que c'est bien vous.",
  },
  fields: [],
  buttons: [],
};

export interface EnrolmentOffer {
  readonly uri: string;
  readonly secret: string;
  /** Null: passkeys do not work at this server's address. */
  readonly passkey: PasskeyOptions | null;
}

/** Has a factor made, since the account needs one. */
export function askForEnrolment({ uri, secret, passkey }: EnrolmentOffer): SignInForm {
  const orPasskey = passkey !== null;
  return {
    text: {
      en: `Your account needs a second proof beside the password. Scan the code with an authenticator app and type the six digits that it shows${orPasskey ? ", or make a passkey" : ""}.`,
      fr: `Votre compte demande une seconde preuve en plus du mot de passe. Scannez le code avec une application d'authentification et saisissez les six chiffres affichés${orPasskey ? ", ou créez une clé d'accès" : ""}.`,
    },
    fields: [CODE_FIELD],
    buttons: [CONTINUE],
    totp: { uri, secret },
    ...(orPasskey && { passkey: { use: "create", options: passkey } }),
  };
}

/** Shows the recovery codes, once. */
export function showRecoveryCodes(recoveryCodes: string[]): SignInForm {
  return {
    text: {
      en: "Keep these recovery codes where you find them without this device. Each lets you in once, in the place of your second proof. They are shown this once.",
      fr: "Conservez ces codes de secours là où vous les retrouverez sans cet appareil. Chacun vous laisse entrer une fois, à la place de votre seconde preuve. Ils ne sont affichés qu'une fois.",
    },
    fields: [],
    buttons: [CONTINUE],
    recoveryCodes,
  };
}
