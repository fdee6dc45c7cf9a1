/** The page on which a person confirms a command line. */
const en = {
  title: "Sign in a command line",
  lead: "Type the code that the command line shows. Only if you started it yourself, just now.",
  code: "Code",
  missing: "Enter the eight letters.",
  next: "Next",
  from: (name: string, address: string) => `${name}, from ${address}, asks for leave to do this as you:`,
  nowhere: "an unknown address",
  scopes: {
    read: "See your machines, desktops and pictures",
    machines: "Make, run and remove machines",
    desktops: "Connect to desktops, and let others connect",
    admin: "Everything else that your role may",
  },
  confirm: "Allow",
  refuse: "Refuse",
  confirmed: "Done. The command line goes on by itself; you may close this page.",
  refused: "Refused. The command line gets nothing.",
};

const fr: typeof en = {
  title: "Connecter une ligne de commande",
  lead: "Saisissez le code que la ligne de commande affiche. Seulement si vous venez de la lancer vous-même.",
  code: "Code",
  missing: "Saisissez les huit lettres.",
  next: "Suivant",
  from: (name, address) => `${name}, depuis ${address}, demande à faire ceci en votre nom :`,
  nowhere: "une adresse inconnue",
  scopes: {
    read: "Voir vos machines, vos bureaux et leurs images",
    machines: "Créer, faire fonctionner et supprimer des machines",
    desktops: "Se connecter aux bureaux, et laisser d’autres s’y connecter",
    admin: "Tout le reste que votre rôle permet",
  },
  confirm: "Autoriser",
  refuse: "Refuser",
  confirmed: "C’est fait. La ligne de commande continue seule ; vous pouvez fermer cette page.",
  refused: "Refusé. La ligne de commande n’obtient rien.",
};

export const deviceText = { en, fr };
