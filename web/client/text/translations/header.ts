/** The header and its account menu. */
const en = {
  wall: "Wall",
  sessions: "Sessions",
  people: "People",
  groups: "Groups",
  grants: "Access",
  newMachine: "New machine",
  connectHost: "Connect a host",
  keys: "Keys",
  account: "Account and settings",
  signOut: "Sign out",
  myAccount: "My account",
  settings: "How people sign in",
  theme: "Theme",
  themeSystem: "System",
  themeLight: "Light",
  themeDark: "Dark",
  language: "Language",
  lineLost: "The server does not answer. What you see may be out of date; the page tries again by itself.",
};

const fr: typeof en = {
  wall: "Mur",
  sessions: "Sessions",
  people: "Personnes",
  groups: "Groupes",
  grants: "Accès",
  newMachine: "Nouvelle machine",
  connectHost: "Relier un hôte",
  keys: "Touches",
  account: "Compte et réglages",
  signOut: "Se déconnecter",
  myAccount: "Mon compte",
  settings: "Comment on se connecte",
  theme: "Thème",
  themeSystem: "Système",
  themeLight: "Clair",
  themeDark: "Sombre",
  language: "Langue",
  lineLost:
    "Le serveur ne répond pas. L’affichage n’est peut-être plus à jour ; la page réessaie d’elle-même.",
};

export const headerText = { en, fr };
