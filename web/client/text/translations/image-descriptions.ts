/** What the images that come with Postern are, by id. English needs no entries: their descriptions are English already. */
const en: Readonly<Record<string, string>> = {};

const fr: Readonly<Record<string, string>> = {
  "memtest86+":
    "Un test de mémoire qui démarre en quelques secondes : le plus court chemin vers un écran qui bouge.",
  "debian-installer": "L’installateur graphique de Debian, avec souris et clavier.",
  "debian-cloud": "L’image cloud générique de Debian : une console en mode texte, configurée par cloud-init.",
  "ubuntu-cloud": "L’image cloud d’Ubuntu : une console en mode texte, configurée par cloud-init.",
  alpine:
    "Un petit système qui fonctionne depuis son ISO : une console en mode texte ; connectez-vous en tant que root.",
  "tiny-core": "Un bureau graphique de 24 Mo qui fonctionne depuis son ISO.",
  slax: "Un Debian graphique qui fonctionne depuis son ISO.",
};

export const imageDescriptionsText = { en, fr };
