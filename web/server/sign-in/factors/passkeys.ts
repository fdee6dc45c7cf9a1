import { createHash } from "node:crypto";
import { isIP } from "node:net";
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from "@simplewebauthn/server";
import { decodeAttestationObject } from "@simplewebauthn/server/helpers";
import { z } from "zod";
import { formatUrl, type HostPort, type UserRecord } from "../../../../proxy/index.ts";
import type { PasskeyCreated, PasskeyOptions, PasskeyProof } from "../../../api/schemas.ts";
import { refuse } from "../../http-errors.ts";
import type { PasskeyChallenges } from "./passkey-challenges.ts";

/** EdDSA, ES256, RS256: what authenticators have. */
const ALGORITHMS = [-8, -7, -257];
/** How long the browser's own dialog waits. */
const DIALOG_MS = 300_000;
const SERVICE_NAME = "Postern";

const TRANSPORTS = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"] as const;

/** What is kept sealed of a passkey. */
const passkeyRecord = z.object({
  credentialId: z.string(),
  publicKey: z.string(),
  transports: z.array(z.enum(TRANSPORTS)),
  /** Where it was made: it works nowhere else. */
  rpId: z.string(),
});
export type PasskeyRecord = z.infer<typeof passkeyRecord>;

export interface MadePasskey {
  readonly record: PasskeyRecord;
  readonly counter: number;
}

interface PasskeySite {
  readonly rpId: string;
  readonly origin: string;
}

interface PasskeysContext {
  /** Where the pages are; asked each time, since port 0 is resolved late. */
  readonly advertised: () => HostPort;
  readonly challenges: PasskeyChallenges;
}

/** Makes and checks what WebAuthn exchanges with browsers, for the host and origin that the server advertises. */
export class Passkeys {
  readonly #context: PasskeysContext;

  constructor(context: PasskeysContext) {
    this.#context = context;
  }

  /** False: the server's address is a number, and no browser makes passkeys for one. */
  get available(): boolean {
    return this.#findSite() !== null;
  }

  /** @throws RequestError `PASSKEY_HOST` */
  async describeCreation(
    user: Pick<UserRecord, "id" | "name">,
    known: readonly PasskeyRecord[],
    purpose: string,
  ): Promise<PasskeyOptions> {
    const { rpId } = this.#requireSite();
    const options = await generateRegistrationOptions({
      rpName: SERVICE_NAME,
      rpID: rpId,
      userName: user.name,
      userDisplayName: user.name,
      userID: new TextEncoder().encode(user.id),
      challenge: this.#context.challenges.issue(purpose),
      timeout: DIALOG_MS,
      attestationType: "none",
      excludeCredentials: known.map(describeCredential),
      // Without a name it is found only if it lies in the authenticator; keys of before can do no more than be a second factor.
      authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
      supportedAlgorithmIDs: ALGORITHMS,
    });
    return { ...options };
  }

  /** Null: it is not what was asked for. Of the maker of an authenticator nothing is asked, so nothing is taken. */
  async readCreation(answer: PasskeyCreated, purpose: string): Promise<MadePasskey | null> {
    const { rpId, origin } = this.#requireSite();
    const { id, clientDataJSON, attestationObject } = answer;
    try {
      if (!isWithoutCertificate(attestationObject)) return null;
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: {
          id,
          rawId: id,
          type: "public-key",
          clientExtensionResults: {},
          response: { clientDataJSON, attestationObject },
        },
        expectedChallenge: (text) => this.#context.challenges.check(text, purpose),
        expectedOrigin: origin,
        expectedRPID: rpId,
        requireUserVerification: false,
        supportedAlgorithmIDs: ALGORITHMS,
      });
      if (!verified || registrationInfo === undefined) return null;
      const { credential } = registrationInfo;
      if (credential.id !== id || !(await this.#spend(clientDataJSON))) return null;
      const publicKey = Buffer.from(credential.publicKey).toString("base64url");
      const transports = TRANSPORTS.filter((known) => answer.transports.includes(known));
      return { record: { credentialId: id, publicKey, transports, rpId }, counter: credential.counter };
    } catch {
      // The library throws for each of the many ways to be wrong, and for what it cannot parse.
      return null;
    }
  }

  /**
   * @param known the passkeys that count; null: any that the browser has for this server
   * @throws RequestError `PASSKEY_HOST`
   */
  async describeUse(known: readonly PasskeyRecord[] | null, purpose: string): Promise<PasskeyOptions> {
    const { rpId } = this.#requireSite();
    const options = await generateAuthenticationOptions({
      rpID: rpId,
      challenge: this.#context.challenges.issue(purpose),
      timeout: DIALOG_MS,
      userVerification: known === null ? "required" : "preferred",
      ...(known !== null && { allowCredentials: known.map(describeCredential) }),
    });
    return { ...options };
  }

  /** The passkey's new counter; null: the proof does not hold. @param alone no password goes before it: the person must be verified */
  async readUse(
    proof: PasskeyProof,
    record: PasskeyRecord,
    { purpose, alone }: { readonly purpose: string; readonly alone: boolean },
  ): Promise<number | null> {
    const { rpId, origin } = this.#requireSite();
    const { id, clientDataJSON, authenticatorData, signature } = proof;
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: {
          id,
          rawId: id,
          type: "public-key",
          clientExtensionResults: {},
          response: { clientDataJSON, authenticatorData, signature },
        },
        expectedChallenge: (text) => this.#context.challenges.check(text, purpose),
        expectedOrigin: origin,
        expectedRPID: rpId,
        // The counter is compared where it is stored, so that of two proofs at once one counts.
        credential: { ...toCredential(record), counter: 0 },
        requireUserVerification: alone,
      });
      if (!verified || !(await this.#spend(clientDataJSON))) return null;
      return authenticationInfo.newCounter;
    } catch {
      return null;
    }
  }

  /** Those that may be used at this server's address. */
  filterUsable(records: readonly PasskeyRecord[]): PasskeyRecord[] {
    const site = this.#findSite();
    return records.filter(({ rpId }) => rpId === site?.rpId);
  }

  #spend(clientDataJSON: string): Promise<boolean> {
    const { challenge } = clientData.parse(JSON.parse(Buffer.from(clientDataJSON, "base64url").toString()));
    return this.#context.challenges.spend(challenge);
  }

  #requireSite(): PasskeySite {
    const site = this.#findSite();
    if (site === null) throw refuse("PASSKEY_HOST");
    return site;
  }

  #findSite(): PasskeySite | null {
    const advertised = this.#context.advertised();
    const rpId = advertised.host.toLowerCase();
    if (isIP(rpId) !== 0) return null;
    return { rpId, origin: formatUrl("https", { ...advertised, host: rpId }) };
  }
}

const clientData = z.object({ challenge: z.string() });

/** What a passkey's row is found by. */
export function locatePasskey(credentialId: string): string {
  return `passkey ${createHash("sha256").update(credentialId).digest("hex")}`;
}

export function packPasskey(record: PasskeyRecord): string {
  return JSON.stringify(record);
}

/** Null: the row was altered. */
export function unpackPasskey(text: string | null): PasskeyRecord | null {
  return text === null ? null : passkeyRecord.parse(JSON.parse(text));
}

/** Chains of certificates are not even looked at: they lead to addresses that somebody else chooses. */
function isWithoutCertificate(attestationObject: string): boolean {
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, "base64url")));
  const format = decoded.get("fmt");
  return format === "none" || (format === "packed" && decoded.get("attStmt").get("x5c") === undefined);
}

function describeCredential({ credentialId, transports }: PasskeyRecord) {
  return { id: credentialId, transports };
}

function toCredential({ credentialId, publicKey }: PasskeyRecord): Omit<WebAuthnCredential, "counter"> {
  return { id: credentialId, publicKey: new Uint8Array(Buffer.from(publicKey, "base64url")) };
}
