/** The sign-in page. */
const en = {
  title: "Sign in",
  lead: "Your machines and desktops are behind this door.",
  show: "Show the password",
  hide: "Hide the password",
  working: "Signing in",
  next: "Next",
  back: "Back",
  or: "or",
  asPerson: (name: string) => `Signing in as ${name}.`,
  oneMore: "One more step.",
  qr: "QR code for an authenticator app",
  typeKey: "Where it cannot be scanned, type this key:",
  copyKey: "Copy the key",
  copyCodes: "Copy all codes",
  saveCodes: "Save as a file",
  passkey: "Sign in with a passkey",
  usePasskey: "Use a passkey",
  makePasskey: "Make a passkey",
  linkElsewhere:
    "This link belongs to a sign-in that was begun in another browser, or is over. Type its code where you began, or begin again.",
  stepWrong: "That is not right. Check it and try again.",
  throttled: (seconds: number) => `Too many attempts. Try again in ${seconds} s.`,
};

const fr: typeof en = {
  title: "Connexion",
  lead: "Vos machines et vos bureaux sont derrière cette porte.",
  show: "Afficher le mot de passe",
  hide: "Masquer le mot de passe",
  working: "Connexion en cours",
  next: "Suivant",
  back: "Retour",
  or: "ou",
  asPerson: (name) => `Connexion de ${name}.`,
  oneMore: "Encore une étape.",
  qr: "Code QR pour une application d’authentification",
  typeKey: "S’il ne peut pas être scanné, saisissez cette clé :",
  copyKey: "Copier la clé",
  copyCodes: "Copier tous les codes",
  saveCodes: "Enregistrer dans un fichier",
  passkey: "Se connecter avec une clé d’accès",
  usePasskey: "Utiliser une clé d’accès",
  makePasskey: "Créer une clé d’accès",
  linkElsewhere:
    "Ce lien vient d’une connexion commencée dans un autre navigateur, ou terminée. Saisissez le code là où vous avez commencé, ou recommencez.",
  stepWrong: "Ce n’est pas cela. Vérifiez et réessayez.",
  throttled: (seconds) => `Trop d’essais. Réessayez dans ${seconds} s.`,
};

export const signInText = { en, fr };
