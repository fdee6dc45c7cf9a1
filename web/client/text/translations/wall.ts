/** The wall as a whole. */
const en = {
  title: "Wall of monitors",
  machines: "Machines",
  desktops: "Desktops",
  emptyTitle: "Create your first machine",
  emptyLead: "Choose a system and a size. Its screen appears here.",
  emptyNoImages: "No system is offered yet. An administrator can add one.",
  search: "Search the wall",
  group: "Group by",
  groups: { kind: "Machines, desktops", host: "By host", owner: "By owner" },
  size: "Size",
  sizes: { large: "Large", compact: "Small" },
  count: (shown: number, all: number) => `${shown} of ${all}`,
  noMatch: "Nothing on the wall matches.",
  noHost: "Without a host",
  noOwner: "Desktops of nobody in particular",
};

const fr: typeof en = {
  title: "Mur d’écrans",
  machines: "Machines",
  desktops: "Bureaux",
  emptyTitle: "Créez votre première machine",
  emptyLead: "Choisissez un système et une taille. Son écran apparaît ici.",
  emptyNoImages: "Aucun système n’est encore proposé. Un administrateur peut en ajouter un.",
  search: "Chercher sur le mur",
  group: "Regrouper",
  groups: { kind: "Machines, bureaux", host: "Par hôte", owner: "Par propriétaire" },
  size: "Taille",
  sizes: { large: "Grands", compact: "Petits" },
  count: (shown, all) => `${shown} sur ${all}`,
  noMatch: "Rien sur le mur ne correspond.",
  noHost: "Sans hôte",
  noOwner: "Bureaux qui ne sont à personne",
};

export const wallText = { en, fr };
