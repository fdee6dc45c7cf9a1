/** The page of one's own account, and the list of logins. */
const en = {
  title: "My account",
  name: "Name",
  role: "Role",
  email: "E-mail",
  noEmail: "none",
  signsIn: "Signs in by",
  byPassword: "a password of this server",
  byService: (service: string) => `another service: ${service}`,
  since: "Account since",
  password: "Password",
  byNothing: "with nothing: everybody who opens this page has this account",
  passwordElsewhere: "Your password is kept by another service. Change it there.",
  current: "Current password",
  new: "New password",
  newHint: "At least 10 characters.",
  tooShort: "This is too short. Take at least 10 characters.",
  currentMissing: "Enter your current password.",
  change: "Change password",
  changing: "Changing",
  changed: "Your password is changed. You are signed out everywhere else.",
  ends: (others: number) =>
    others === 0
      ? "You are signed in nowhere else."
      : others === 1
        ? "One other browser is signed out by it."
        : `${others} other browsers are signed out by it.`,
  logins: "Where you are signed in",
  sharedLead: "Everybody has this account. Only your own sign-in is shown.",
  loginsLead: "Sign out a browser that you do not know. Then change your password.",
  thisOne: "this browser",
  unknownBrowser: "Unknown program",
  from: (address: string) => `from ${address}`,
  signedIn: "Signed in",
  seen: "last seen",
  end: "Sign out",
  endNamed: (browser: string, address: string) => `Sign out ${browser} at ${address}`,
  endOthers: (count: number) => (count === 1 ? "Sign out the other one" : `Sign out the ${count} others`),
  ended: "Signed out there.",
};

const fr: typeof en = {
  title: "Mon compte",
  name: "Nom",
  role: "Rôle",
  email: "Adresse e-mail",
  noEmail: "aucune",
  signsIn: "Se connecte par",
  byPassword: "un mot de passe de ce serveur",
  byService: (service) => `un autre service : ${service}`,
  since: "Compte depuis",
  password: "Mot de passe",
  byNothing: "sans rien : quiconque ouvre cette page a ce compte",
  passwordElsewhere: "Un autre service garde votre mot de passe. Changez-le là-bas.",
  current: "Mot de passe actuel",
  new: "Nouveau mot de passe",
  newHint: "Au moins 10 caractères.",
  tooShort: "C’est trop court. Il faut au moins 10 caractères.",
  currentMissing: "Saisissez votre mot de passe actuel.",
  change: "Changer le mot de passe",
  changing: "Changement en cours",
  changed: "Votre mot de passe est changé. Vous êtes déconnecté partout ailleurs.",
  ends: (others) =>
    others === 0
      ? "Vous n’êtes connecté nulle part ailleurs."
      : others === 1
        ? "Un autre navigateur en sera déconnecté."
        : `${others} autres navigateurs en seront déconnectés.`,
  logins: "Où vous êtes connecté",
  sharedLead: "Tout le monde a ce compte. Seule votre propre connexion est affichée.",
  loginsLead: "Déconnectez un navigateur que vous ne connaissez pas. Changez ensuite votre mot de passe.",
  thisOne: "ce navigateur",
  unknownBrowser: "Programme inconnu",
  from: (address) => `depuis ${address}`,
  signedIn: "Connecté",
  seen: "vu",
  end: "Déconnecter",
  endNamed: (browser, address) => `Déconnecter ${browser} à ${address}`,
  endOthers: (count) => (count === 1 ? "Déconnecter l’autre" : `Déconnecter les ${count} autres`),
  ended: "Déconnecté là-bas.",
};

export const accountText = { en, fr };
