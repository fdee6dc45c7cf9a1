/** What the roles are called, and what each may do. */
const en = {
  names: { user: "User", operator: "Operator", admin: "Administrator", auditor: "Auditor" },
  may: {
    user: "Makes machines and uses them. Sees nothing of other people.",
    operator: "Sees and controls all machines, desktops and sessions, screens included.",
    admin: "May all that an operator may. Adds and removes people, lets hosts in, looks after keys.",
    auditor: "Reads all states and the audit log. Sees no screen of others, changes nothing of theirs.",
  },
};

const fr: typeof en = {
  names: {
    user: "Utilisateur",
    operator: "Opérateur",
    admin: "Administrateur",
    auditor: "Auditeur",
  },
  may: {
    user: "Crée des machines et les utilise. Ne voit rien des autres.",
    operator: "Voit et commande toutes les machines, bureaux et sessions, écrans compris.",
    admin:
      "Peut tout ce que peut un opérateur. Ajoute et supprime des personnes, admet des hôtes, gère les clés.",
    auditor:
      "Lit tous les états et le journal d’audit. Ne voit aucun écran des autres, ne change rien chez eux.",
  },
};

export const rolesText = { en, fr };
