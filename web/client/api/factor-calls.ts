import type { z } from "zod";
import type {
  AddedFactorAnswer,
  ApiTokenRow,
  apiTokenRequest,
  ConfirmForm,
  CreatedApiToken,
  FactorList,
  LoginStep,
  Me,
  PasskeyCreated,
  PasskeyOptionsAnswer,
  PasskeyProof,
  RecoveryCodesAnswer,
  TotpEnrolment,
} from "../../api/schemas.ts";

/** Sends a request of the API and gives its answer. */
type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;
export type ApiTokenInput = z.input<typeof apiTokenRequest>;

/** The routes of passkeys, second factors, confirmations and API tokens. */
export function createFactorCalls(call: Call) {
  const factorsPath = (id: string) => `/users/${encodeURIComponent(id)}/factors`;
  return {
    showStep: (id: string) => call<LoginStep>("POST", "/login/step/show", { id }),
    passkeyOptions: () => call<PasskeyOptionsAnswer>("POST", "/login/passkey/options"),
    signInByPasskey: (passkey: PasskeyProof) => call<Me | LoginStep>("POST", "/login/passkey", { passkey }),
    confirmForm: () => call<ConfirmForm>("GET", "/me/confirm"),
    confirm: (answers: Readonly<Record<string, string>>) =>
      call<undefined>("POST", "/me/confirm", { answers }),
    ownFactors: () => call<FactorList>("GET", "/me/factors"),
    beginApp: () => call<TotpEnrolment>("POST", "/me/factors/totp"),
    addApp: (id: string, code: string) =>
      call<AddedFactorAnswer>("POST", "/me/factors/totp/confirm", { id, code }),
    beginPasskey: () => call<PasskeyOptionsAnswer>("POST", "/me/factors/passkey"),
    addPasskey: (passkey: PasskeyCreated, name: string) =>
      call<AddedFactorAnswer>("POST", "/me/factors/passkey/confirm", { passkey, name }),
    removeOwnFactor: (id: string) => call<undefined>("DELETE", `/me/factors/${encodeURIComponent(id)}`),
    renewRecoveryCodes: () => call<RecoveryCodesAnswer>("POST", "/me/factors/recovery-codes"),
    factors: (user: string) => call<FactorList>("GET", factorsPath(user)),
    resetFactors: (user: string) => call<undefined>("DELETE", factorsPath(user)),
    ownApiTokens: () => call<ApiTokenRow[]>("GET", "/me/api-tokens"),
    makeApiToken: (wanted: ApiTokenInput) => call<CreatedApiToken>("POST", "/me/api-tokens", wanted),
    revokeApiToken: (id: string) => call<undefined>("DELETE", `/me/api-tokens/${encodeURIComponent(id)}`),
  };
}
