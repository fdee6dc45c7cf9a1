import type { Text } from "./en.ts";

/** The sheet for VNC viewers, in French. */
export const native: Text["native"] = {
  title: (name) => `Ouvrir ${name} dans un client VNC`,
  lead: "Donnez cette adresse à un client VNC, et le jeton quand il demande un mot de passe.",
  address: "Adresse",
  token: "Jeton",
  command: "TigerVNC ou TightVNC",
  copyAddress: "Copier l’adresse",
  copyToken: "Copier le jeton",
  copyCommand: "Copier la commande",
  left: (time) => `Valable ${time}`,
  expired: "Ce jeton a expiré.",
  fresh: "Nouveau jeton",
  withdraw: "Retirer ce jeton",
  withdrawn: "Le jeton est retiré. Personne n’entre plus avec lui.",
  qr: "Code QR de l’adresse",
  qrHint: "À scanner pour ouvrir l’adresse sur un téléphone. Le jeton n’est pas dans l’image.",
  unencrypted: "La connexion d’un client VNC à ce port n’est pas chiffrée. Celle du navigateur l’est.",
  noListener: "Ce serveur n’accepte pas de client VNC. Utilisez le navigateur.",
  profiles: "Fichier de connexion",
  profilesHint: "Il contient l’adresse. Le client demande le jeton.",
  saveFor: (viewer) => `Enregistrer le fichier pour ${viewer}`,
  openNow: "Ouvrir",
};
