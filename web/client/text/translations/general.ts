/** Texts that several parts of the pages share. */
const en = {
  product: "Postern",
  skipToWall: "Skip to the wall",
  close: "Close",
  cancel: "Cancel",
  copy: "Copy",
  copied: "Copied",
  back: "Back to the wall",
  tryAgain: "Try again",
  loading: "One moment",
  nothingHere: "There is nothing at this address.",
};

const fr: typeof en = {
  product: "Postern",
  skipToWall: "Aller au mur",
  close: "Fermer",
  cancel: "Annuler",
  copy: "Copier",
  copied: "Copié",
  back: "Retour au mur",
  tryAgain: "Réessayer",
  loading: "Un instant",
  nothingHere: "Il n’y a rien à cette adresse.",
};

export const generalText = { en, fr };
