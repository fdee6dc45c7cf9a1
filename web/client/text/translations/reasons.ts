/**
 * Why a machine failed or waits, by the code of its cause. `{name}` is a placeholder for a value of its
 * details. English needs no entries: the sentences of hosts and server are English already.
 */
const en: Readonly<Record<string, string>> = {};

const fr: Readonly<Record<string, string>> = {
  DATA_DISK_TRAVELS:
    "Le disque de données {disk} est en route vers le nouvel hôte de la machine : {percent} %. Elle démarre ensuite.",
  DATA_DISK_WAITS:
    "Le disque de données {disk} est sur un hôte qui est hors ligne. La machine démarre dès que cet hôte est de retour.",
  DISK_FAILED: "Son disque de données n’a pas pu être préparé. Le disque de l’hôte est peut-être plein.",
  FIRMWARE_MISSING:
    "Cet hôte n’a pas ce micrologiciel. Son administrateur peut l’installer : apt install {package}",
  FORWARD_FAILED: "Un port de l’hôte n’a pas pu être redirigé vers la machine. Il est peut-être occupé.",
  GPU_BIND: "L’hôte n’a pas pu prendre son GPU pour la machine. `postern doctor` sur l’hôte dit pourquoi.",
  GPU_RECORD: "L’hôte ne sait plus quels GPU sont pris. Prévenez son administrateur.",
  GUEST_PANIC: "Le processeur du système s’est arrêté sur une erreur. Réinitialisez la machine.",
  GUEST_SHUTDOWN: "Le système s’est éteint lui-même.",
  HOST_CPUS: "Aucun hôte n’a autant de processeurs. Choisissez-en moins.",
  HOST_DISK: "L’hôte manque de place sur son disque. Supprimez d’abord une machine.",
  HOST_DISK_FAULT: "Le disque de l’hôte a signalé une erreur.",
  HOST_DISK_FULL: "Le disque de l’hôte est plein. La machine continue dès qu’il y a de la place.",
  HOST_ENDED: "Elle a été arrêtée sur l’hôte.",
  HOST_GPU: "L’hôte n’a pas de GPU à donner en ce moment. `postern doctor` sur l’hôte dit pourquoi.",
  HOST_INSTANCES: "L’hôte a autant de machines qu’il lui est permis. Arrêtez-en une d’abord.",
  HOST_LOAD: "L’hôte est trop occupé. Réessayez plus tard.",
  HOST_MEMORY: "L’hôte n’a pas assez de mémoire libre. Arrêtez une autre machine ou demandez-en moins.",
  HOST_RESTARTED: "L’hôte a été redémarré.",
  HOST_SILENT: "Un hôte n’a pas répondu. La demande lui sera refaite bientôt.",
  ENDED_UNSEEN: "Elle s’est éteinte pendant que le programme de l’hôte ne la surveillait pas.",
  IMAGE_REPLACED:
    "Le fichier du système sur l’hôte a été remplacé par un autre, qui ne va pas avec le disque de la machine. Le disque est intact ; l’administrateur de l’hôte peut remettre l’ancien fichier.",
  IMAGE_UNAVAILABLE: "Le système ne peut pas être utilisé sur cet hôte.",
  MACHINE_EXPIRED: "Sa durée était écoulée.",
  MACHINE_LOST: "Son hôte ne la connaît plus. Supprimez-la et créez-en une nouvelle.",
  MACHINE_NOT_TAKEN: "Arrêtée avant qu’un hôte ne l’ait prise.",
  NO_HOST: "Aucun hôte n’est connecté. La machine démarre dès qu’il y en a un.",
  NO_HOST_FITS: "Aucun hôte n’est assez grand pour elle. Choisissez moins.",
  IMAGE_NOWHERE: "Aucun hôte n’a l’image {image}, le serveur non plus. Choisissez-en une autre.",
  NO_HOST_OFFERS: "Aucun hôte connecté n’offre {image}. La machine démarre dès que l’un d’eux l’offre.",
  NO_HOST_ROOM: "Aucun hôte n’a de place pour elle. Elle démarre dès qu’il y en a.",
  OVERLAY_FAILED: "Le disque de la machine n’a pas pu être créé. L’hôte manque peut-être de place.",
  PREPARING_ENDED:
    "Le programme de l’hôte s’est arrêté pendant la préparation de la machine. Démarrez-la à nouveau.",
  QEMU_ARGS_OFF:
    "Le système apporte des arguments pour QEMU, que cet hôte n’accepte pas. Son administrateur peut les permettre.",
  QEMU_ENDED: "QEMU s’est arrêté de façon inattendue.",
  QEMU_ENDED_UNSEEN:
    "QEMU s’est arrêté de façon inattendue pendant que le programme de l’hôte ne le surveillait pas.",
  QEMU_MISSING:
    "Cet hôte n’a pas de QEMU pour {arch}. Son administrateur peut l’installer : apt install {package}",
  QEMU_SAID: "QEMU s’est arrêté de façon inattendue. Il a dit : {said}",
  QEMU_START: "{program} n’a pas pu être démarré sur cet hôte.",
  RECORD_DAMAGED:
    "Sa fiche sur l’hôte est endommagée. Son disque est intact. L’administrateur de l’hôte peut rétablir la fiche.",
  RECORD_DAMAGED_RUNS:
    "Sa fiche sur l’hôte est endommagée. Elle continue, mais ne pourra plus être démarrée. Prévenez l’administrateur de l’hôte.",
  RESTORE_FAILED:
    "La mémoire sauvegardée n’a pas pu être remise en place. Démarrez la machine à nouveau : elle repart de zéro.",
  SAVE_FAILED: "La machine n’a pas pu être sauvegardée. Détail : {said}",
  SAVING_ENDED:
    "QEMU s’est arrêté pendant la sauvegarde de sa mémoire. Démarrez la machine à nouveau : elle repart de zéro.",
  SCRIPT_CONDITION: "La condition du script de démarrage est fausse. Détail : {said}",
  SCRIPT_FAILED: "Le script de démarrage a échoué. Détail : {said}",
  SCRIPT_FETCH: "Le script de démarrage n’a pas pu être téléchargé. Détail : {said}",
  SCRIPT_LONG: "Le script de démarrage est trop long.",
  SCRIPT_RECORD:
    "La fiche des scripts de démarrage de la machine est endommagée sur l’hôte. Son disque est intact.",
  SCRIPTS_AT_WORK:
    "Le script de démarrage modifie d’abord le disque de la machine. Cela prend une minute ou deux.",
  SHARE_MISSING: "Un dossier partagé manque sur l’hôte : {tags}. La machine s’en passe.",
  SHARE_REFUSED: "Un dossier ne peut pas être partagé avec elle sur cet hôte. Demandez à son administrateur.",
  STATE_DAMAGED:
    "La fiche de son état sur l’hôte est endommagée. Son disque est intact. Démarrez-la à nouveau : elle repart de zéro.",
  STATE_FOLDER: "Le dossier de la machine n’a pas pu être créé. Le disque de l’hôte est peut-être plein.",
  START_FAILED: "La machine n’a pas pu démarrer.",
  START_GIVEN_UP: "Le démarrage a été abandonné.",
  TPM_MISSING: "Cet hôte n’a pas d’émulateur de TPM. Son administrateur peut l’installer : apt install swtpm",
  TPM_START: "Le TPM de la machine n’a pas pu être démarré.",
};

export const reasonsText = { en, fr };
