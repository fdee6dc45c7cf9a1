import { randomUUID } from "node:crypto";
import { genericGrantRequest, ResponseBodyError } from "openid-client";
import { explainFault, OpenIdFault } from "./openid-fault.ts";
import type { OpenIdIssuer } from "./openid-issuer.ts";
import type { ProviderCheck } from "./sign-in-provider.ts";

interface CheckedOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
}

/** What can be found out without a person: discovery, keys, and whether the client is known. Two requests, one after the other. */
export async function checkOpenIdProvider(
  issuer: OpenIdIssuer,
  options: CheckedOptions,
): Promise<ProviderCheck> {
  try {
    await issuer.discover();
    const [refused] = await Promise.all([isClientRefused(issuer), issuer.checkKeys()]);
    if (refused === true) return { works: false, text: explainRefusedClient(options) };
    if (refused === null)
      return {
        works: true,
        text: {
          en: "It answers, its keys are there. Whether it knows the client cannot be told without a person: try to sign in.",
          fr: "Il répond et ses clés sont là. Sans une personne, impossible de savoir s’il connaît le client : essayez de vous connecter.",
        },
      };
    return {
      works: true,
      text: {
        en: "It answers, its keys are there, and it knows the client. Try to sign in to see the claims and the callback address.",
        fr: "Il répond, ses clés sont là et il connaît le client. Essayez de vous connecter pour vérifier les claims et l’adresse de retour.",
      },
    };
  } catch (error) {
    return { works: false, text: explainFault(error, options.issuer) };
  }
}

/** Sends a code that nobody has: a provider that looks at the client first says which of the two is wrong. Null: it does not. */
async function isClientRefused(issuer: OpenIdIssuer): Promise<boolean | null> {
  const configuration = await issuer.configure();
  const parameters = {
    code: randomUUID(),
    redirect_uri: "https://invalid.example/",
    code_verifier: randomUUID() + randomUUID(),
  };
  try {
    await genericGrantRequest(configuration, "authorization_code", parameters);
    return null;
  } catch (error) {
    if (error instanceof ResponseBodyError) {
      if (error.error === "invalid_client" || error.error === "unauthorized_client") return true;
      return error.error === "invalid_grant" ? false : null;
    }
    if (error instanceof Error && error.cause instanceof OpenIdFault) throw error;
    return null;
  }
}

function explainRefusedClient({ clientId, clientSecret }: CheckedOptions): ProviderCheck["text"] {
  if (clientSecret === undefined)
    return {
      en: `It refuses the client ${clientId}: it does not know it, or wants a "clientSecret".`,
      fr: `Il refuse le client ${clientId} : il ne le connaît pas, ou attend un « clientSecret ».`,
    };
  return {
    en: `It refuses the client ${clientId}: the id or "clientSecret" is wrong, or "clientAuth" should be the other one.`,
    fr: `Il refuse le client ${clientId} : l’identifiant ou « clientSecret » est faux, ou « clientAuth » doit être l’autre.`,
  };
}
