/** What the REST API refuses about machines; part of the catalogue in errors.ts. */
export const MACHINE_ERRORS = {
  MACHINE_NOT_PLACED: {
    status: 409,
    message: "No host has the machine yet. Wait until it is being prepared.",
  },
  MACHINE_ONE_SHOT: {
    status: 409,
    message: "A one-shot machine cannot be saved: nothing of it stays when it ends.",
  },
  MACHINE_NOT_ONE_SHOT: {
    status: 409,
    message: "This machine is no one-shot machine. Stop it, or remove it, instead.",
  },
  MACHINE_NO_END: { status: 409, message: "This machine has no end that could be put off." },
  MACHINE_ENDING: { status: 409, message: "This machine is ending already. Start it again afterwards." },
  EXTEND_FORBIDDEN: { status: 403, message: "You may not prolong a machine. Ask an administrator." },
  HOST_OUTDATED: {
    status: 409,
    message:
      "The machine's host is older than this server and cannot do this. Its administrator can update it.",
  },
  HOST_UNKNOWN: { status: 404, message: "There is no such host, or it was revoked." },
  LIMIT_MACHINES: { status: 403, message: "You have as many machines as you may have. Remove one first." },
  LIMIT_CPUS: {
    status: 403,
    message: "This takes more CPUs than you may have. Choose less, or stop a machine.",
  },
  LIMIT_MEMORY: {
    status: 403,
    message: "This takes more memory than you may have. Choose less, or stop a machine.",
  },
  LIMIT_DISK: {
    status: 403,
    message: "This takes more disk than you may have. Choose less, or remove a machine.",
  },
  LIMIT_LIFETIME: {
    status: 403,
    message: "A machine of yours may not run for so long. Choose a shorter time.",
  },
  SCRIPT_FORBIDDEN: { status: 403, message: "You may not give a machine a boot script. Leave it out." },
  CREDENTIAL_FORBIDDEN: {
    status: 403,
    message: "Only whoever asked for a machine sees the secret of its boot scripts.",
  },
  INTERNET_FORBIDDEN: { status: 403, message: "You may not let a machine reach the internet. Leave it out." },
  GPU_FORBIDDEN: { status: 403, message: "You may not give a machine a GPU. Leave it out." },
  MASTER_FORBIDDEN: {
    status: 403,
    message: "You may not let a machine write to the image itself. Leave it out.",
  },
  IMAGE_FORBIDDEN: { status: 403, message: "This image is for others. Choose another one." },
  IMAGE_LIMIT: { status: 409, message: "The machine is smaller or bigger than its image allows." },
  IMAGE_CHOICE: { status: 409, message: "The image does not offer this. Choose something else." },
  DATA_DISK_IN_USE: {
    status: 409,
    message: "Another machine of yours has this data disk now. Stop it first.",
  },
  DATA_DISK_AWAY: {
    status: 503,
    message: "The machine's data disk lies on a host that is not connected. Start it when that host is back.",
  },
} as const;
