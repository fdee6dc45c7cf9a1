/** The state of a machine or desktop, by its code. */
const en = {
  queued: "Queued",
  preparing: "Preparing",
  booting: "Booting",
  running: "Running",
  paused: "Paused",
  saving: "Saving",
  stopping: "Shutting down",
  stopped: "Off",
  failed: "Failed",
  online: "Online",
  offline: "Offline",
};

const fr: typeof en = {
  queued: "En attente",
  preparing: "Préparation",
  booting: "Démarrage",
  running: "En marche",
  paused: "En pause",
  saving: "Enregistrement",
  stopping: "Arrêt en cours",
  stopped: "Éteinte",
  failed: "En échec",
  online: "En ligne",
  offline: "Hors ligne",
};

export const statesText = { en, fr };
