import { PosternError } from "../../protocol/index.ts";

/** What a refused viewer reads, and the close code of its WebSocket. Nothing here comes from a host. */
const REFUSALS = {
  TOKEN_WRONG: { sentence: "This token is wrong or has expired. Ask for a new one.", closeCode: 1008 },
  TOKEN_AMBIGUOUS: {
    sentence: "This token fits more than one desktop. Ask for a new one.",
    closeCode: 1008,
  },
  LOGIN_REFUSED: {
    sentence: "The name, the password or the token is wrong, or the token has expired.",
    closeCode: 1008,
  },
  LOGIN_THROTTLED: {
    sentence: "Too many attempts to sign in. Try again in {seconds} s.",
    closeCode: 1013,
  },
  LOGIN_UNAVAILABLE: {
    sentence: "Names and passwords cannot be checked now. Try again in a moment.",
    closeCode: 1013,
  },
  SIGN_IN_PLAIN: {
    sentence:
      "Your password would travel unencrypted here. Use a viewer or a tunnel that encrypts, or the browser.",
    closeCode: 1008,
  },
  FACTOR_MISSING: {
    sentence:
      "Your account needs a second proof beside the password, and has none yet. Sign in on the page once to make one.",
    closeCode: 1008,
  },
  FACTOR_BROWSER: {
    sentence: "Your account is confirmed by a passkey, which a browser alone can use. Sign in on the page.",
    closeCode: 1008,
  },
  TICKET_INVALID: {
    sentence: "This ticket was used already or has expired. Open the desktop again.",
    closeCode: 1008,
  },
  SOURCE_THROTTLED: {
    sentence: "Too many wrong tokens came from your address. Try again in {seconds} s.",
    closeCode: 1013,
  },
  SERVER_BUSY: { sentence: "The server is busy. Try again in {seconds} s.", closeCode: 1013 },
  DESKTOP_GONE: { sentence: "This desktop no longer exists.", closeCode: 1008 },
  TOKEN_EXPIRED: { sentence: "This token has expired. Ask for a new one.", closeCode: 1008 },
  TOKEN_REVOKED: { sentence: "This token was revoked. Ask for a new one.", closeCode: 1008 },
  TOKEN_CHANGED: {
    sentence: "What this token allows was changed. Open the desktop again.",
    closeCode: 1008,
  },
  AGENT_REVOKED: { sentence: "The host of this desktop is no longer admitted.", closeCode: 1008 },
  USER_REMOVED: { sentence: "This account may no longer be used.", closeCode: 1008 },
  RIGHT_ENDED: {
    sentence: "Your right to this desktop has ended. Ask its owner, or an administrator.",
    closeCode: 1008,
  },
  LOGIN_ENDED: { sentence: "You signed out, or your login has expired. Sign in again.", closeCode: 1008 },
  SESSION_ENDED: { sentence: "An administrator ended this session.", closeCode: 1008 },
  DESKTOP_OFFLINE: {
    sentence: "This desktop is not available now. Try again when it runs.",
    closeCode: 1013,
  },
  HOST_OFFLINE: {
    sentence: "The host of this desktop is not connected. Try again in a moment.",
    closeCode: 1013,
  },
  HOST_TIMEOUT: {
    sentence: "The host of this desktop did not answer in time. Try again in a moment.",
    closeCode: 1013,
  },
  HOST_BUSY: { sentence: "The host of this desktop is busy. Try again in a moment.", closeCode: 1013 },
  DESKTOP_UNREACHABLE: {
    sentence: "The host cannot open this desktop. Ask its owner whether it runs.",
    closeCode: 1011,
  },
  DESKTOP_DECLINED: {
    sentence: "The person at this desktop was asked, and said no or did not answer in time.",
    closeCode: 1008,
  },
  STATE_UNAVAILABLE: {
    sentence: "The server cannot reach its database. Try again in a moment.",
    closeCode: 1011,
  },
  AUDIT_UNAVAILABLE: {
    sentence: "The server cannot write its audit log, so it opens no session. Tell its administrator.",
    closeCode: 1011,
  },
  SERVER_STOPPING: { sentence: "The server is stopping. Try again in a moment.", closeCode: 1001 },
  INTERNAL: { sentence: "The server made a mistake. Tell its administrator.", closeCode: 1011 },
} as const;

export type RefusalCode = keyof typeof REFUSALS;

export function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(REFUSALS, text);
}

/** A viewer is turned away; `safeMessage` is the sentence that it reads. */
export class ViewerRefusal extends PosternError {
  declare readonly safeMessage: string;
  readonly refusalCode: RefusalCode;
  readonly closeCode: number;

  constructor(code: RefusalCode, details: { readonly waitMs?: number; readonly cause?: unknown } = {}) {
    const { sentence, closeCode } = REFUSALS[code];
    const seconds = Math.max(1, Math.ceil((details.waitMs ?? 1000) / 1000));
    super(code, `viewer refused: ${code}`, {
      safeMessage: sentence.replace("{seconds}", String(seconds)),
      cause: details.cause,
    });
    this.refusalCode = code;
    this.closeCode = closeCode;
  }
}

/** Any error before a session opened, as a refusal that the viewer may read. */
export function toViewerRefusal(error: unknown): ViewerRefusal {
  return error instanceof ViewerRefusal ? error : new ViewerRefusal("INTERNAL", { cause: error });
}

/** Runs a call to the state; its failure becomes a refusal that the viewer may read. */
export async function queryStateForViewer<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    throw new ViewerRefusal("STATE_UNAVAILABLE", { cause });
  }
}
