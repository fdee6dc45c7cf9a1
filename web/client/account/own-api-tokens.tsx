import { useCallback, useEffect, useState } from "preact/hooks";
import type { ApiTokenRow } from "../../api/schemas.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { Ago } from "../components/time.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { formatDate } from "../text/format.ts";
import { MakeTokenDialog } from "./make-token-dialog.tsx";

function TokenItem({ token, onRevoke }: { token: ApiTokenRow; onRevoke: () => void }) {
  const { apiTokens: text } = useText();
  const { language } = usePreferences();
  const date = formatDate(token.expiresAt, language);
  return (
    <li>
      <div>
        <strong>{token.name}</strong>
        {token.scopes.map((scope) => (
          <span class="badge" key={scope}>
            {text.scopeNames[scope]}
          </span>
        ))}
        <small>
          <span>{token.expiresAt > Date.now() ? text.ends(date) : text.ended(date)}</span>
          {token.sources.length > 0 && <span class="aside">{text.from(token.sources.join(", "))}</span>}
          <span class="aside">
            {token.lastUsedAt === null ? (
              text.neverUsed
            ) : (
              <>
                {text.used} <Ago at={token.lastUsedAt} />
              </>
            )}
          </span>
        </small>
      </div>
      <button type="button" class="button" aria-label={text.revokeNamed(token.name)} onClick={onRevoke}>
        {text.revoke}
      </button>
    </li>
  );
}

/** The API tokens of the person who is signed in. */
export function OwnApiTokens() {
  const { api } = useApp();
  const all = useText();
  const { apiTokens: text } = all;
  const [tokens, setTokens] = useState<readonly ApiTokenRow[] | null>(null);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiTokenRow | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [said, setSaid] = useState("");

  const load = useCallback(() => api.ownApiTokens().then(setTokens, setFault), [api]);
  useEffect(() => void load(), [load]);
  const close = () => setRevoking(null);

  return (
    <section class="sheet" aria-labelledby="account-tokens">
      <h2 id="account-tokens">{text.title}</h2>
      <p class="lead">{text.lead}</p>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {tokens !== null && tokens.length === 0 && <p>{text.none}</p>}
      {tokens !== null && tokens.length > 0 && (
        <ul class="login-list">
          {tokens.map((token) => (
            <TokenItem key={token.id} token={token} onRevoke={() => setRevoking(token)} />
          ))}
        </ul>
      )}
      <p class={said === "" ? "unseen" : "done"} role="status">
        {said}
      </p>
      <div class="sheet-actions">
        <button
          type="button"
          class="button"
          onClick={() => {
            setSaid("");
            setMaking(true);
          }}
        >
          {text.make}
        </button>
      </div>
      {making && <MakeTokenDialog onMade={() => void load()} onClose={() => setMaking(false)} />}
      {revoking !== null && (
        <ActDialog
          title={text.revokeTitle(revoking.name)}
          confirm={text.revoke}
          danger
          act={async () => {
            await api.revokeApiToken(revoking.id);
            setSaid(text.revoked);
            close();
            await load();
          }}
          onLeave={close}
          onClose={close}
        >
          <p>{text.revokeLead}</p>
        </ActDialog>
      )}
    </section>
  );
}
