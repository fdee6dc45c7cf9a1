import type { IssuedToken } from "../../proxy/index.ts";
import type { TokenStore } from "../../proxy/state/stores.ts";

/** All tokens that live at `now` and whose value can be had, in the smallest pages there are. */
export async function readOpenTokens(store: TokenStore, now: number): Promise<IssuedToken[]> {
  const open: IssuedToken[] = [];
  let after: string | null = null;
  do {
    const { tokens, next }: Awaited<ReturnType<TokenStore["listOpen"]>> = await store.listOpen(now, {
      after,
      limit: 1,
    });
    for (const { reveal, ...record } of tokens) {
      const token = reveal();
      if (token !== null) open.push({ ...record, token });
    }
    after = next;
  } while (after !== null);
  return open;
}
