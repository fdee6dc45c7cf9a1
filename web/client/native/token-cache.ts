import type { Token } from "../../api/schemas.ts";
import type { TokenRights, Api } from "../api/api-client.ts";

const DEFAULT_LIFETIME_MS = 3_600_000;

/** A token of this page, with the start of its lifetime. */
export interface CachedToken extends Token {
  readonly createdAt: number;
}

const tokensByDesktop = new Map<string, CachedToken>();

/** The remaining share of the token's lifetime, from 1 to 0. */
export function remainingLifetimeShare(
  token: Pick<CachedToken, "createdAt" | "expiresAt">,
  now: number,
): number {
  const life = Math.max(1, token.expiresAt - token.createdAt);
  return Math.min(1, Math.max(0, (token.expiresAt - now) / life));
}

/** The desktop's token that this page already has, if a tenth of its lifetime is left; else a new one. */
export async function obtainToken(
  api: Api,
  desktopId: string,
  fresh: boolean,
  rights: TokenRights,
): Promise<CachedToken> {
  const known = tokensByDesktop.get(desktopId);
  const now = Date.now();
  if (!fresh && known !== undefined && remainingLifetimeShare(known, now) > 0.1) return known;
  const token = await api.createToken(desktopId, rights);
  // If the clock of this computer is wrong, the ring assumes the server's default lifetime of an hour.
  const made = { ...token, createdAt: token.expiresAt > now ? now : token.expiresAt - DEFAULT_LIFETIME_MS };
  tokensByDesktop.set(desktopId, made);
  return made;
}

/** The same token with other permissions from now on. */
export async function changeToken(
  api: Api,
  desktopId: string,
  token: CachedToken,
  rights: TokenRights,
): Promise<CachedToken> {
  const { role, denied } = await api.changeToken(token.id, rights);
  const changed = { ...token, role, denied };
  tokensByDesktop.set(desktopId, changed);
  return changed;
}

export async function revokeToken(api: Api, desktopId: string, tokenId: string): Promise<void> {
  await api.removeToken(tokenId);
  tokensByDesktop.delete(desktopId);
}

/** At sign-out, so that the next person starts without tokens. */
export function clearTokens(): void {
  tokensByDesktop.clear();
}
