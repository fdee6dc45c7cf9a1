import type { RefusalCode, ViewerRefusal } from "../model/viewer-refusal.ts";
import type { Wording } from "../identify/people-sign-in.ts";

export const SCREEN_LANGUAGES = ["en", "fr"] as const;
export type ScreenLanguage = (typeof SCREEN_LANGUAGES)[number];

export const LANGUAGE_NAMES: Readonly<Record<ScreenLanguage, string>> = { en: "English", fr: "Français" };

/** What the screen says; names and numbers are put in for `{…}`. */
export const SCREEN_WORDS = {
  signIn: { en: "Sign in", fr: "Connectez-vous" },
  confirm: { en: "Confirm that it is you, {name}", fr: "Confirmez que c’est bien vous, {name}" },
  goOn: { en: "Continue", fr: "Continuer" },
  formKeys: {
    en: "Enter: continue   Tab: next field   Ctrl+V: paste   Esc: leave",
    fr: "Entrée : continuer  Tab : suivant  Ctrl+V : coller  Échap : sortir",
  },
  choose: { en: "Choose a desktop", fr: "Choisissez un bureau" },
  search: { en: "Type to search", fr: "Tapez pour chercher" },
  listKeys: {
    en: "Up, down: choose   Enter: open   Esc: leave",
    fr: "Haut, bas : choisir   Entrée : ouvrir   Échap : sortir",
  },
  away: { en: "not connected", fr: "non connecté" },
  nothing: {
    en: "There is no desktop that you may open.",
    fr: "Il n’y a aucun bureau que vous puissiez ouvrir.",
  },
  noMatch: { en: "No desktop has this in its name.", fr: "Aucun bureau n’a ceci dans son nom." },
  oneMoment: { en: "One moment", fr: "Un instant" },
  checking: { en: "Your answer is being checked.", fr: "Votre réponse est en cours de vérification." },
  opening: {
    en: "{name} is being opened. Somebody there may be asked first.",
    fr: "Ouverture de {name}. Une personne sur place doit peut-être l’accepter.",
  },
  waiting: {
    en: "{name}: waiting for the other side to agree. {seconds} s left.",
    fr: "{name} : en attente de l’accord de l’autre côté. Il reste {seconds} s.",
  },
  again: { en: "Connect again", fr: "Reconnectez-vous" },
  connectAgain: {
    en: "This viewer cannot show {name} in this window. Connect again within {seconds} s, to the same address, with this code as the password. A user name does not matter.",
    fr: "Ce logiciel ne peut pas afficher {name} dans cette fenêtre. Reconnectez-vous dans les {seconds} s, à la même adresse, avec ce code comme mot de passe. Le nom d’utilisateur n’a pas d’importance.",
  },
  wrong: {
    en: "That is wrong. {tries} tries left.",
    fr: "C’est faux. Il reste {tries} essais.",
  },
  wrongOnce: { en: "That is wrong. 1 try left.", fr: "C’est faux. Il reste 1 essai." },
  over: {
    en: "Too many wrong answers. Connect again.",
    fr: "Trop de réponses fausses. Reconnectez-vous.",
  },
  throttled: {
    en: "Too many attempts. Try again in {seconds} s.",
    fr: "Trop de tentatives. Réessayez dans {seconds} s.",
  },
  unavailable: {
    en: "Your answer cannot be checked now. Try again in a moment.",
    fr: "Votre réponse ne peut pas être vérifiée pour le moment. Réessayez.",
  },
  ended: { en: "The sign-in is over", fr: "La connexion est terminée" },
  gone: {
    en: "You may not open this desktop any more, or your login has ended.",
    fr: "Vous ne pouvez plus ouvrir ce bureau, ou votre session a pris fin.",
  },
  close: { en: "Close", fr: "Fermer" },
} as const satisfies Readonly<Record<string, Wording>>;

/** A wording with its names and numbers put in. */
export function fillWording(
  { en, fr }: Wording,
  values: Readonly<Record<string, string | number>> = {},
): Wording {
  const fill = (text: string): string =>
    text.replaceAll(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
  return { en: fill(en), fr: fill(fr) };
}

/** What English says by {@link ViewerRefusal.safeMessage}. */
const FRENCH_REFUSALS: Partial<Record<RefusalCode, string>> = {
  SERVER_BUSY: "Le serveur est occupé. Réessayez dans un instant.",
  FACTOR_MISSING:
    "Votre compte demande une seconde preuve en plus du mot de passe, et n’en a pas encore. Connectez-vous une fois sur la page pour en créer une.",
  FACTOR_BROWSER:
    "Votre compte se confirme par une clé d’accès, que seul un navigateur peut utiliser. Connectez-vous sur la page.",
  DESKTOP_GONE: "Ce bureau n’existe plus.",
  DESKTOP_OFFLINE: "Ce bureau n’est pas disponible. Réessayez quand il fonctionne.",
  HOST_OFFLINE: "L’hôte de ce bureau n’est pas connecté. Réessayez dans un instant.",
  HOST_TIMEOUT: "L’hôte de ce bureau n’a pas répondu à temps. Réessayez.",
  HOST_BUSY: "L’hôte de ce bureau est occupé. Réessayez dans un instant.",
  DESKTOP_UNREACHABLE: "L’hôte ne peut pas ouvrir ce bureau. Demandez à qui il est.",
  DESKTOP_DECLINED: "La personne devant ce bureau a refusé, ou n’a pas répondu.",
  STATE_UNAVAILABLE: "Le serveur n’atteint pas sa base de données. Réessayez.",
};

export function describeRefusal({ refusalCode, safeMessage }: ViewerRefusal): Wording {
  return { en: safeMessage, fr: FRENCH_REFUSALS[refusalCode] ?? safeMessage };
}
