/** Second factors on the page of one's own account: apps, passkeys, recovery codes. */
const en = {
  title: "Two-step sign-in",
  lead: "After your password you are asked for one of these.",
  none: "Your password alone is enough. Add a second proof, so that a stolen password lets nobody in.",
  required: "Your account has to have one.",
  kinds: { totp: "Authenticator app", passkey: "Passkey" },
  added: (date: string) => `added on ${date}`,
  used: "last used",
  neverUsed: "not used yet",
  addApp: "Add an app",
  otherApp: "Change the app",
  addPasskey: "Add a passkey",
  noHost:
    "Passkeys do not work here: this server’s address is a number. Its administrator can give it a name.",
  noBrowser: "This browser has no passkeys for this page.",
  remove: "Remove",
  removeNamed: (name: string) => `Remove ${name}`,
  removeTitle: (name: string) => `Remove ${name}?`,
  removeLead: "It is asked for no more. Your others stay.",
  removeLast: "It is your last one: your password alone is enough then, and your recovery codes end.",
  removeRequired: "It is your last one, and you have to have one: you make a new one at your next sign-in.",
  removed: "Removed.",
  appTitle: "Add an authenticator app",
  appLead: "Scan this with an app that shows six digits, then type the digits.",
  appReplaces: "It takes the place of the app that you have.",
  code: "Six digits of the app",
  codeMissing: "Type the six digits that the app shows.",
  codeWrong:
    "This is not the code that the app shows now. Type the next one, and see that its clock is right.",
  add: "Add",
  working: "One moment",
  passkeyTitle: "Add a passkey",
  passkeyLead:
    "It lies in this device, on a security key or in your password manager. Your browser asks which.",
  passkeyName: "What you call it",
  makePasskey: "Go on",
  didApp: "The app is added.",
  didPasskey: "The passkey is added.",
  recovery: "Recovery codes",
  left: (count: number) =>
    count === 0
      ? "You have no recovery codes left. Make new ones before you need one."
      : count === 1
        ? "1 recovery code is left."
        : `${count} recovery codes are left.`,
  renew: "New recovery codes",
  renewTitle: "Make new recovery codes?",
  renewLead: "The old ones no longer work.",
  renewConfirm: "Make new ones",
  keepTitle: "Keep these recovery codes",
  keepLead:
    "Keep them where you find them without this device. Each lets you in once, in the place of your second proof. They are shown this once.",
  kept: "I have kept them",
};

const fr: typeof en = {
  title: "Connexion en deux étapes",
  lead: "Après votre mot de passe, l’une de ces preuves vous est demandée.",
  none: "Votre mot de passe suffit. Ajoutez une seconde preuve, pour qu’un mot de passe volé n’ouvre rien.",
  required: "Votre compte doit en avoir une.",
  kinds: { totp: "Application d’authentification", passkey: "Clé d’accès" },
  added: (date) => `ajoutée le ${date}`,
  used: "utilisée",
  neverUsed: "pas encore utilisée",
  addApp: "Ajouter une application",
  otherApp: "Changer d’application",
  addPasskey: "Ajouter une clé d’accès",
  noHost:
    "Les clés d’accès ne fonctionnent pas ici : l’adresse de ce serveur est un numéro. Son administrateur peut lui donner un nom.",
  noBrowser: "Ce navigateur n’a pas de clés d’accès pour cette page.",
  remove: "Supprimer",
  removeNamed: (name) => `Supprimer ${name}`,
  removeTitle: (name) => `Supprimer ${name} ?`,
  removeLead: "Cette preuve ne sera plus demandée. Les autres restent.",
  removeLast: "C’est la dernière : votre mot de passe suffira alors, et vos codes de secours prendront fin.",
  removeRequired:
    "C’est la dernière, et il vous en faut une : vous en créerez une à votre prochaine connexion.",
  removed: "Supprimé.",
  appTitle: "Ajouter une application d’authentification",
  appLead: "Scannez ceci avec une application qui affiche six chiffres, puis saisissez-les.",
  appReplaces: "Elle prend la place de l’application que vous avez.",
  code: "Six chiffres de l’application",
  codeMissing: "Saisissez les six chiffres que l’application affiche.",
  codeWrong:
    "Ce n’est pas le code que l’application affiche en ce moment. Saisissez le suivant, et vérifiez l’heure de l’appareil.",
  add: "Ajouter",
  working: "Un instant",
  passkeyTitle: "Ajouter une clé d’accès",
  passkeyLead:
    "Elle se trouve dans cet appareil, sur une clé de sécurité ou dans votre gestionnaire de mots de passe. Votre navigateur demande où.",
  passkeyName: "Le nom que vous lui donnez",
  makePasskey: "Continuer",
  didApp: "L’application est ajoutée.",
  didPasskey: "La clé d’accès est ajoutée.",
  recovery: "Codes de secours",
  left: (count) =>
    count === 0
      ? "Il ne vous reste aucun code de secours. Créez-en avant d’en avoir besoin."
      : count === 1
        ? "Il vous reste 1 code de secours."
        : `Il vous reste ${count} codes de secours.`,
  renew: "Nouveaux codes de secours",
  renewTitle: "Créer de nouveaux codes de secours ?",
  renewLead: "Les anciens ne valent plus.",
  renewConfirm: "En créer de nouveaux",
  keepTitle: "Conservez ces codes de secours",
  keepLead:
    "Conservez-les là où vous les retrouverez sans cet appareil. Chacun vous laisse entrer une fois, à la place de votre seconde preuve. Ils ne sont affichés qu’une fois.",
  kept: "Je les ai conservés",
};

export const factorsText = { en, fr };
