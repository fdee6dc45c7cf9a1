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
};

export const generalText = { en, fr };
