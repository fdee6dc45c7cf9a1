import type { LoginRow } from "../../api/schemas.ts";
import { useText } from "../state/app-context.ts";
import { describeBrowser } from "../text/describe-browser.ts";
import { Ago } from "./time.tsx";

interface LoginListProps {
  readonly logins: readonly LoginRow[];
  /** Null: they can only be looked at. */
  readonly onEnd: ((login: LoginRow) => void) | null;
}

/** Where a person is signed in; the login of this page cannot be ended here. */
export function LoginList({ logins, onEnd }: LoginListProps) {
  const { account: text } = useText();
  return (
    <ul class="login-list">
      {logins.map((login) => {
        const browser = describeBrowser(login.browser) ?? text.unknownBrowser;
        return (
          <li key={login.id}>
            <div>
              <strong title={login.browser ?? undefined}>{browser}</strong>
              {login.current && <span class="badge">{text.thisOne}</span>}
              <small>
                {login.address !== null && <span>{text.from(login.address)}</span>}
                <span class="aside">
                  {text.signedIn} <Ago at={login.createdAt} />
                </span>
                <span class="aside">
                  {text.seen} <Ago at={login.lastSeenAt} />
                </span>
              </small>
            </div>
            {onEnd !== null && !login.current && (
              <button
                type="button"
                class="button"
                aria-label={text.endNamed(browser, login.address ?? "")}
                onClick={() => {
                  onEnd(login);
                }}
              >
                {text.end}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
