import { useCallback, useEffect, useState } from "preact/hooks";
import type { LoginRow, OwnAccount } from "../../api/schemas.ts";
import { LOCAL_ACCOUNTS } from "../api/server-values.ts";
import { LoginList } from "../components/login-list.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { formatDate } from "../text/format.ts";
import type { Text } from "../text/translations/languages.ts";
import { OwnApiTokens } from "./own-api-tokens.tsx";
import { PasswordForm } from "./password-form.tsx";
import { OwnFactors } from "./own-factors.tsx";

function Facts({ account }: { readonly account: OwnAccount }) {
  const { account: text, roles } = useText();
  const { language } = usePreferences();
  return (
    <dl class="facts">
      <dt>{text.name}</dt>
      <dd>{account.name}</dd>
      <dt>{text.role}</dt>
      <dd>
        {roles.names[account.role]}
        <small>{roles.may[account.role]}</small>
      </dd>
      <dt>{text.signsIn}</dt>
      <dd>{describeSignIn(account, text)}</dd>
      {account.shared !== true && (
        <>
          <dt>{text.email}</dt>
          <dd>{account.email ?? text.noEmail}</dd>
        </>
      )}
      <dt>{text.since}</dt>
      <dd>{formatDate(account.createdAt, language)}</dd>
    </dl>
  );
}

function describeSignIn({ provider, shared }: OwnAccount, text: Text["account"]): string {
  if (shared === true) return text.byNothing;
  return provider === LOCAL_ACCOUNTS ? text.byPassword : text.byService(provider);
}

/** One's own account: what it is, its password, where it is signed in. */
export function AccountPage() {
  const { api } = useApp();
  const all = useText();
  const { account: text } = all;
  const [account, setAccount] = useState<OwnAccount | null>(null);
  const [logins, setLogins] = useState<readonly LoginRow[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [said, setSaid] = useState("");

  const load = useCallback(
    () =>
      Promise.all([api.account(), api.ownLogins()]).then(([own, open]) => {
        setAccount(own);
        setLogins(open);
      }, setFault),
    [api],
  );
  useEffect(() => void load(), [load]);

  const own = account !== null && account.shared !== true;
  const others = (logins ?? []).filter(({ current }) => !current).length;
  const end = (act: () => Promise<unknown>) => {
    setFault(null);
    setSaid("");
    act().then(() => {
      setSaid(text.ended);
      return load();
    }, setFault);
  };

  return (
    <main class="account-page" id="wall" tabIndex={-1}>
      <h1>{text.title}</h1>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {account === null && fault === null && <p role="status">{all.loading}</p>}
      {account !== null && (
        <section class="sheet" aria-label={text.title}>
          <Facts account={account} />
        </section>
      )}
      {own && (
        <section class="sheet" aria-labelledby="account-password">
          <h2 id="account-password">{text.password}</h2>
          {account.provider === LOCAL_ACCOUNTS ? (
            <PasswordForm name={account.name} others={others} onChanged={() => void load()} />
          ) : (
            <p class="lead">{text.passwordElsewhere}</p>
          )}
        </section>
      )}
      {own && <OwnFactors />}
      {logins !== null && (
        <section class="sheet" aria-labelledby="account-logins">
          <h2 id="account-logins">{text.logins}</h2>
          <p class="lead">{account?.shared === true ? text.sharedLead : text.loginsLead}</p>
          <LoginList logins={logins} onEnd={(login) => end(() => api.endOwnLogin(login.id))} />
          <p class={said === "" ? "unseen" : "done"} role="status">
            {said}
          </p>
          {others > 0 && (
            <div class="sheet-actions">
              <button type="button" class="button" onClick={() => end(() => api.endOtherLogins())}>
                {text.endOthers(others)}
              </button>
            </div>
          )}
        </section>
      )}
      {own && <OwnApiTokens />}
    </main>
  );
}
