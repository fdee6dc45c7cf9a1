import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
  WebAuthnAbortService,
} from "@simplewebauthn/browser";
import type { PasskeyCreated, PasskeyOptions, PasskeyProof } from "../../api/schemas.ts";
import { ApiError } from "../api/api-error.ts";

/** A challenge holds for ten minutes; one that waits on the page is replaced before. */
const REFRESH_MS = 9 * 60_000;

/** By the names of WebAuthn's exceptions: the device has a passkey for this person; the page is at another address than its passkeys. */
const CODES_BY_NAME: Readonly<Record<string, string>> = {
  InvalidStateError: "FACTOR_EXISTS",
  SecurityError: "PASSKEY_BLOCKED",
};

/** Whether this browser knows passkeys on this page. */
export function knowsPasskeys(): boolean {
  return browserSupportsWebAuthn();
}

/**
 * Has the browser make a passkey.
 * @throws ApiError `PASSKEY_CANCELLED`, `PASSKEY_BLOCKED`, `FACTOR_EXISTS`
 */
export async function createPasskey(options: PasskeyOptions): Promise<PasskeyCreated> {
  try {
    const optionsJSON = options as unknown as Parameters<typeof startRegistration>[0]["optionsJSON"];
    const { id, response } = await startRegistration({ optionsJSON });
    const { clientDataJSON, attestationObject, transports = [] } = response;
    return { id, clientDataJSON, attestationObject, transports };
  } catch (error) {
    throw explainFailure(error);
  }
}

/**
 * Has the browser prove a passkey, in its own dialog.
 * @throws ApiError `PASSKEY_CANCELLED`, `PASSKEY_BLOCKED`
 */
export function provePasskey(options: PasskeyOptions): Promise<PasskeyProof> {
  return prove(options, false);
}

/**
 * Offers passkeys among what the browser fills into the name's field (`autocomplete="… webauthn"`), until the person takes one. Null:
 * this browser does not, or the offer was taken back. Any other dialog of passkeys takes it back as well.
 * @param getOptions asks the server for a new challenge: each is too old after a while
 */
export async function offerPasskeys(
  getOptions: () => Promise<PasskeyOptions>,
  signal: AbortSignal,
): Promise<PasskeyProof | null> {
  if (!knowsPasskeys() || !(await browserSupportsWebAuthnAutofill())) return null;
  const isOver = () => signal.aborted;
  signal.addEventListener("abort", cancelPasskeys, { once: true });
  while (!isOver()) {
    let isOld = false;
    const options = await getOptions();
    if (isOver()) break;
    const timer = setTimeout(() => {
      isOld = true;
      cancelPasskeys();
    }, REFRESH_MS);
    try {
      return await prove(options, true);
    } catch {
      if (!isOld || isOver()) return null;
    } finally {
      clearTimeout(timer);
    }
  }
  return null;
}

/** Closes whatever asks for a passkey. */
export function cancelPasskeys(): void {
  WebAuthnAbortService.cancelCeremony();
}

async function prove(options: PasskeyOptions, useBrowserAutofill: boolean): Promise<PasskeyProof> {
  try {
    const optionsJSON = options as unknown as Parameters<typeof startAuthentication>[0]["optionsJSON"];
    const { id, response } = await startAuthentication({ optionsJSON, useBrowserAutofill });
    const { clientDataJSON, authenticatorData, signature, userHandle = null } = response;
    return { id, clientDataJSON, authenticatorData, signature, userHandle };
  } catch (error) {
    throw explainFailure(error);
  }
}

/** Browsers say little of why: most is one error for a dialog that was closed, and for one that came to nothing. */
function explainFailure(error: unknown): ApiError {
  const name = error instanceof Error ? error.name : "";
  const code = CODES_BY_NAME[name] ?? "PASSKEY_CANCELLED";
  return new ApiError(code, 0, "", { cause: error });
}
