import {
  exchangeKeysWithViewer,
  readViewerCredentials,
  RsaAesSubtype,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  type RsaAesType,
  type RsaOperations,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { ViewerRefusal } from "../model/viewer-refusal.ts";
import { describeScreenViewer, identifyByName } from "./identify-typed.ts";
import { runHandshake } from "./run-handshake.ts";
import type { ViewerSecurity } from "./viewer-security.ts";

/** Of the pairs of types, the stronger one asks for a name, and the one that most viewers take by themselves for a token alone. */
const ASKS_NAME: ReadonlySet<RsaAesType> = new Set([SecurityType.ra2_256, SecurityType.ra2ne_256]);

/** With the others only the password is encrypted, and what is typed on the sign-in screen is not. */
const ENCRYPTS_SESSION: ReadonlySet<RsaAesType> = new Set([SecurityType.ra2, SecurityType.ra2_256]);

/** RSA-AES: the token is the password, inside a channel under the server's RSA key. */
export function rsaAesSecurity(type: RsaAesType): ViewerSecurity {
  return {
    type,
    async authenticate({ viewer, version, dependencies, signal }) {
      const { tokens, rsaKey, rsaWorker, clock } = dependencies;
      const operations = rsaWorker.operationsFor(viewer.source.address);
      const hasPeople = dependencies.people() !== null;
      const asked = hasPeople && ASKS_NAME.has(type) ? RsaAesSubtype.userAndPassword : RsaAesSubtype.password;
      let hasCost = false;
      const counted: RsaOperations = {
        ...operations,
        encrypt: async (key, random) => {
          const encrypted = await operations.encrypt(key, random);
          hasCost = true;
          return encrypted;
        },
      };
      // Before it answers, a viewer shows the key's fingerprint, and its user may take time to compare it.
      const channel = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, (peer) =>
        exchangeKeysWithViewer(peer, type, rsaKey, counted, asked),
      ).catch((error: unknown) => {
        // A viewer whose person does not trust the fingerprint leaves before it has sent a key.
        const isOurs = error instanceof ViewerRefusal || signal.aborted;
        if (hasCost && !isOurs) tokens.countFailedAgreement(viewer.source);
        throw error;
      });
      const [login, stream] = await runHandshake(
        viewer,
        PROXY_LIMITS.tokenEntryMs,
        clock,
        signal,
        async (peer) => [await readViewerCredentials(peer, type, channel), peer.release()] as const,
      );
      viewer.replaceStream(stream);
      const credentials = { user: login.username, password: login.password };
      const screenViewer = describeScreenViewer(viewer, ENCRYPTS_SESSION.has(type));
      return {
        identify: () => identifyByName(screenViewer, credentials, dependencies),
        refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
        accept: (peer) => sendSecurityOk(peer, version, type),
      };
    },
  };
}
