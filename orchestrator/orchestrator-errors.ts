import {
  AuthError,
  LaunchError,
  LimitError,
  RequestError,
  TimeoutError,
  UNEXPLAINED,
  isPosternError,
} from "../protocol/index.ts";

/** Every code that the orchestrator refuses with by itself, and what a person reads where the thrower has nothing better to say. */
export const ORCHESTRATOR_ERRORS = {
  MACHINE_UNKNOWN: "There is no such machine. It may have been deleted.",
  MACHINE_NAME_TAKEN: "A machine of this name exists already. Choose another name.",
  MACHINE_NOT_RUNNING: "The machine is not running, so it has no screen. Start it first.",
  IMAGE_UNKNOWN: "No host offers this image. List the images to see what is there.",
  MACHINE_NOT_PLACED: "No host has the machine yet. Wait until it is being prepared.",
  MACHINE_ONE_SHOT: "A one-shot machine cannot be saved: nothing of it stays when it ends.",
  MACHINE_NOT_ONE_SHOT: "This machine is no one-shot machine. Stop it, or remove it, instead.",
  MACHINE_NO_END: "This machine has no end that could be put off.",
  MACHINE_ENDING: "This machine is ending already. Start it again afterwards.",
  MACHINE_ELSEWHERE: "This host does not have the machine.",
  MACHINE_HAS_HOST: "The machine's own host is connected and has it. It stays there.",
  EXTEND_FORBIDDEN: "You may not prolong a machine. Ask an administrator.",
  HOST_OUTDATED:
    "The machine's host is older than this server and cannot do this. Its administrator can update it.",
  HOST_AMBIGUOUS: "Several hosts have this name. Name one by its id.",
  HOST_UNKNOWN: "There is no such host, or it was revoked.",
  LIMIT_MACHINES: "You have as many machines as you may have. Remove one first.",
  LIMIT_CPUS: "This takes more CPUs than you may have. Choose less, or stop a machine.",
  LIMIT_MEMORY: "This takes more memory than you may have. Choose less, or stop a machine.",
  LIMIT_DISK: "This takes more disk than you may have. Choose less, or remove a machine.",
  LIMIT_LIFETIME: "A machine of yours may not run for so long. Choose a shorter time.",
  SCRIPT_FORBIDDEN: "You may not give a machine a boot script. Leave it out.",
  CREDENTIAL_FORBIDDEN: "Only whoever asked for a machine sees the secret of its boot scripts.",
  INTERNET_FORBIDDEN: "You may not let a machine reach the internet. Leave it out.",
  GPU_FORBIDDEN: "You may not give a machine a GPU. Leave it out.",
  MASTER_FORBIDDEN: "You may not let a machine write to the image itself. Leave it out.",
  IMAGE_FORBIDDEN: "This image is for others. Choose another one.",
  IMAGE_LIMIT: "The machine is smaller or bigger than its image allows.",
  IMAGE_CHOICE: "The image does not offer this. Choose something else.",
  DATA_DISK_IN_USE: "Another machine of yours has this data disk now. Stop it first.",
  DATA_DISK_AWAY:
    "The machine's data disk lies on a host that is not connected. Start it when that host is back.",
  DISK_UNKNOWN:
    "There is no such data disk on a host that is connected. List the disks to see what is there.",
  DISK_HOST: "There is no other host of this name that is connected.",
  HOST_OFFLINE: "The machine's host is not connected. Try again when it is back.",
  HOST_TIMEOUT: "The machine's host did not answer in time. Try again in a moment.",
  HOST_BUSY: "The host has too much to do. Try again in a moment.",
  HOST_REPLY: "The host gave an answer that this server does not understand.",
  INTERNAL: "Something went wrong on the server. Its log says what.",
} as const satisfies Record<string, string>;
export type OrchestratorErrorCode = keyof typeof ORCHESTRATOR_ERRORS;

/** A refusal from the catalogue; `message` replaces the catalogue's own text. */
export function orchestratorError(
  code: OrchestratorErrorCode,
  message: string = ORCHESTRATOR_ERRORS[code],
): RequestError {
  return RequestError.public(code, message);
}

/** The classes of errors that a host or a person may cause. Others are faults of the server. */
const EXPLAINED = [RequestError, AuthError, LimitError, LaunchError, TimeoutError];

/** What the owner of a machine is told about an error. A host's own code and sentence pass through. */
export function describeForOwner(error: unknown): { readonly code: string; readonly message: string } {
  if (!isPosternError(error)) return INTERNAL;
  const { code, safeMessage } = error;
  const known = Object.hasOwn(ORCHESTRATOR_ERRORS, code)
    ? ORCHESTRATOR_ERRORS[code as OrchestratorErrorCode]
    : null;
  if (code === INTERNAL.code || (known === null && !EXPLAINED.some((kind) => error instanceof kind)))
    return INTERNAL;
  return { code, message: safeMessage ?? known ?? UNEXPLAINED };
}

const INTERNAL = { code: "INTERNAL", message: ORCHESTRATOR_ERRORS.INTERNAL };
