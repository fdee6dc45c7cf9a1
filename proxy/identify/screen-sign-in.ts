import { vncAuthResponse } from "../../protocol/index.ts";
import { isLoopbackAddress, type ConnectionSource } from "../model/connection-source.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { startSignIn, type SignInServices } from "./begin-sign-in.ts";
import type { HandOverCodes } from "./hand-over-codes.ts";
import type { AskedField, StartedSignIn } from "./people-sign-in.ts";
import type { ChallengeResponse } from "./token-scan.ts";

/** Typed as the VNC password by those whose viewer sends no name. Tokens have eight characters, so it is none. */
const SIGN_IN_WORD = "sign-in";

const NAME_CHARS = 320;
const PASSWORD_CHARS = 256;
const FIELDS: readonly AskedField[] = [
  {
    name: "name",
    label: { en: "User name", fr: "Nom d’utilisateur" },
    hidden: false,
    maxLength: NAME_CHARS,
  },
  {
    name: "password",
    label: { en: "Password", fr: "Mot de passe" },
    hidden: true,
    maxLength: PASSWORD_CHARS,
  },
];

/** What a viewer came with. */
export interface ScreenViewer {
  readonly source: ConnectionSource;
  /** Ids of the desktops that it came for; null: any. */
  readonly only: ReadonlySet<string> | null;
  /** What is typed on the screen travels encrypted. */
  readonly isEncrypted: boolean;
}

export interface ScreenSignInServices extends SignInServices {
  readonly handOvers: HandOverCodes;
  /** The administrator lets names and passwords travel in clear. */
  readonly plainSignIn: boolean;
}

/**
 * What a VNC password means that is no token: the word that opens the sign-in screen, or a code of it. Null: neither.
 * @throws ViewerRefusal `SIGN_IN_PLAIN`
 */
export function findScreenSignIn(
  viewer: ScreenViewer,
  guess: ChallengeResponse,
  services: ScreenSignInServices,
): StartedSignIn | null {
  // It is no secret.
  if (vncAuthResponse(SIGN_IN_WORD, guess.challenge).equals(guess.response))
    return openScreenSignIn(viewer, services);
  const handed = services.handOvers.take(viewer.source, guess);
  if (handed === null) return null;
  const { person, desktopId } = handed;
  return { name: person.name, reply: { kind: "person", person }, desktopIds: [desktopId] };
}

/**
 * A sign-in that begins on the screen, with name and password.
 * @throws ViewerRefusal `SIGN_IN_PLAIN`
 */
export function openScreenSignIn(viewer: ScreenViewer, services: ScreenSignInServices): StartedSignIn {
  const { source, only, isEncrypted } = viewer;
  if (!isEncrypted && !services.plainSignIn && !isLoopbackAddress(source.address))
    throw new ViewerRefusal("SIGN_IN_PLAIN");
  let triesLeft: number = PROXY_LIMITS.promptTries;
  return {
    name: null,
    desktopIds: null,
    reply: {
      kind: "question",
      question: {
        fields: FIELDS,
        answer: async ({ name: user = "", password = "" }) => {
          const started = await startSignIn(services, source, { user, password }, only);
          if (started.kind !== "refused") return started;
          triesLeft = Math.max(0, triesLeft - 1);
          return { kind: "refused", triesLeft };
        },
      },
    },
  };
}
