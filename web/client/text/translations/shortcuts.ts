/** The list of keyboard shortcuts. */
const en = {
  title: "Keys",
  list: "Show this list",
  create: "New machine",
  search: "Search the wall",
  move: "Go from monitor to monitor",
  open: "Connect, or start a machine that is off",
  leave: "Close what is open",
  bar: "In the viewer: go to the bar",
  arrows: "Arrows",
  enter: "Enter",
  escape: "Esc",
};

const fr: typeof en = {
  title: "Touches",
  list: "Afficher cette liste",
  create: "Nouvelle machine",
  search: "Chercher sur le mur",
  move: "Passer d’un écran à l’autre",
  open: "Ouvrir, ou démarrer une machine éteinte",
  leave: "Fermer ce qui est ouvert",
  bar: "Dans la visionneuse : aller à la barre",
  arrows: "Flèches",
  enter: "Entrée",
  escape: "Échap",
};

export const shortcutsText = { en, fr };
