import {
  challengeViewer,
  isPosternError,
  negotiateVeNCrypt,
  PeerClosed,
  plainCredentials,
  SecurityType,
  sendSecurityFailure,
  sendSecurityOk,
  VeNCryptType,
} from "../../protocol/index.ts";
import { PROXY_LIMITS } from "../model/proxy-limits.ts";
import { describeScreenViewer, identifyByName, identifyByResponse } from "./identify-typed.ts";
import { runHandshake } from "./run-handshake.ts";
import type { SecurityAttempt, ViewerAuthenticator, ViewerSecurity } from "./viewer-security.ts";

const type = SecurityType.veNCrypt;

/**
 * Sub-types of VeNCrypt. Plain (256) would send the token in clear; the TLS ones prove nothing about the server;
 * X509None carries no credential, so it could open no desktop.
 */
const SUB_TYPES: readonly VeNCryptType[] = [VeNCryptType.x509Vnc, VeNCryptType.x509Plain];

/** VeNCrypt: TLS inside the connection, and the token inside TLS. */
export const veNCryptSecurity: ViewerSecurity = {
  type,
  async authenticate(attempt) {
    const { viewer, version, dependencies, signal } = attempt;
    const { clock } = dependencies;
    const subType = await runHandshake(viewer, PROXY_LIMITS.rfbHandshakeMs, clock, signal, (peer) =>
      negotiateVeNCrypt(peer, SUB_TYPES),
    );
    const identify = await encryptAndRead(subType, attempt).catch((error: unknown) => {
      throw explainEnd(error);
    });
    return {
      identify,
      refuse: (peer, reason) => sendSecurityFailure(peer, version, type, reason),
      accept: (peer) => sendSecurityOk(peer, version, type),
    };
  },
};

async function encryptAndRead(
  subType: VeNCryptType,
  attempt: SecurityAttempt,
): Promise<ViewerAuthenticator["identify"]> {
  await attempt.viewer.encrypt?.(attempt.signal);
  return readCredentials(subType, attempt);
}

/** A viewer that cannot check the certificate hangs up during TLS or right after it, without a word. */
function explainEnd(cause: unknown): unknown {
  const isTlsFailure = isPosternError(cause) && cause.code === "TLS_HANDSHAKE";
  if (!isTlsFailure && !(cause instanceof PeerClosed)) return cause;
  const message = "the viewer ended TLS before it gave a token: it may need the CA's certificate as a file";
  return new PeerClosed("VIEWER_TLS_ENDED", `${message} (${cause.message})`, { cause });
}

async function readCredentials(
  subType: VeNCryptType,
  { viewer, dependencies, signal }: SecurityAttempt,
): Promise<ViewerAuthenticator["identify"]> {
  const { clock } = dependencies;
  const screenViewer = describeScreenViewer(viewer, true);
  if (subType === VeNCryptType.x509Plain) {
    const credentials = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, (peer) =>
      peer.read(plainCredentials()),
    );
    return () => identifyByName(screenViewer, credentials, dependencies);
  }
  const response = await runHandshake(viewer, PROXY_LIMITS.tokenEntryMs, clock, signal, challengeViewer);
  return () => identifyByResponse(screenViewer, response, dependencies);
}
