/** The sign-in page. */
const en = {
  title: "Sign in",
  lead: "Your machines and desktops are behind this door.",
  name: "Name",
  password: "Password",
  show: "Show the password",
  hide: "Hide the password",
  submit: "Sign in",
  working: "Signing in",
  nameMissing: "Enter your name.",
  throttled: (seconds: number) => `Too many attempts. Try again in ${seconds} s.`,
  passwordMissing: "Enter your password.",
};

const fr: typeof en = {
  title: "Connexion",
  lead: "Vos machines et vos bureaux sont derrière cette porte.",
  name: "Nom",
  password: "Mot de passe",
  show: "Afficher le mot de passe",
  hide: "Masquer le mot de passe",
  submit: "Se connecter",
  working: "Connexion en cours",
  nameMissing: "Saisissez votre nom.",
  throttled: (seconds) => `Trop d’essais. Réessayez dans ${seconds} s.`,
  passwordMissing: "Saisissez votre mot de passe.",
};

export const signInText = { en, fr };
