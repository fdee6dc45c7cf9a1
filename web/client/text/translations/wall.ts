/** The wall as a whole. */
const en = {
  title: "Wall of monitors",
  machines: "Machines",
  desktops: "Desktops",
  emptyTitle: "Create your first machine",
  emptyLead: "Choose a system and a size. Its screen appears here.",
  emptyNoImages: "No system is offered yet. An administrator can add one.",
};

const fr: typeof en = {
  title: "Mur d’écrans",
  machines: "Machines",
  desktops: "Bureaux",
  emptyTitle: "Créez votre première machine",
  emptyLead: "Choisissez un système et une taille. Son écran apparaît ici.",
  emptyNoImages: "Aucun système n’est encore proposé. Un administrateur peut en ajouter un.",
};

export const wallText = { en, fr };
