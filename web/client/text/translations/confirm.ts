/** The dialog that asks anew who sits there. */
const en = {
  title: "Confirm that it is you",
  lead: (name: string) => `${name}, this is critical, and you signed in more than ten minutes ago.`,
};

const fr: typeof en = {
  title: "Confirmez que c’est bien vous",
  lead: (name) =>
    `${name}, cette action est critique, et vous vous êtes connecté il y a plus de dix minutes.`,
};

export const confirmText = { en, fr };
