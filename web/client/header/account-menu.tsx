import { useId, useRef, useState } from "preact/hooks";
import type { Me } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { clearTokens } from "../native/token-cache.ts";
import { Choices } from "../components/choices.tsx";
import { Icon } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { followLink } from "../page-route.ts";
import { languageNames } from "../text/translations/languages.ts";
import { useCloseOnLeave } from "../components/use-close-on-leave.ts";

/** The signed-in person, appearance and language settings, and sign-out. */
export function AccountMenu({
  me,
  onConnectHost,
  onKeys,
}: {
  me: Me;
  onConnectHost: () => void;
  onKeys: () => void;
}) {
  const { api, wall, preferences } = useApp();
  const text = useText();
  const { theme, language } = usePreferences();
  const [open, setOpen] = useState(false);
  const panelId = useId();
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useCloseOnLeave(open, box, setOpen);

  const signOut = () => {
    api.signOut().then(
      (elsewhere) => {
        clearTokens();
        wall.dispatch({ type: "me", me: null });
        if (elsewhere !== undefined) location.assign(elsewhere.next);
      },
      (error: unknown) => wall.dispatch({ type: "notice", notice: explainError(error, text) }),
    );
  };
  const openPage = (event: MouseEvent) => {
    setOpen(false);
    followLink(event);
  };
  const leaveTo = (action: () => void) => () => {
    setOpen(false);
    button.current?.focus();
    action();
  };

  return (
    <div
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button
        ref={button}
        type="button"
        class="button quiet account-button"
        aria-expanded={open}
        aria-controls={open ? panelId : undefined}
        aria-label={text.header.account}
        title={text.header.account}
        onClick={() => setOpen(!open)}
      >
        <Icon name="person" />
        <span class="account-name">{me.name}</span>
        <Icon name="down" />
      </button>
      {open && (
        <div class="menu-list account" id={panelId}>
          <p class="account-who">
            <strong>{me.name}</strong>
            {me.role !== "user" && <small>{text.roles.names[me.role]}</small>}
          </p>
          <p class="account-label">{text.header.theme}</p>
          <Choices
            label={text.header.theme}
            value={theme}
            options={{
              system: text.header.themeSystem,
              light: text.header.themeLight,
              dark: text.header.themeDark,
            }}
            onChoose={(choice) => preferences.dispatch({ theme: choice })}
          />
          <p class="account-label">{text.header.language}</p>
          <Choices
            label={text.header.language}
            value={language}
            options={languageNames}
            onChoose={(choice) => preferences.dispatch({ language: choice })}
          />
          <hr />
          <a class="menu-item" href="/account" onClick={openPage}>
            {text.header.myAccount}
          </a>
          {me.powers.includes("audit") && (
            <a class="menu-item" href="/sign-in-settings" onClick={openPage}>
              {text.header.settings}
            </a>
          )}
          {me.powers.includes("administer") && (
            <button type="button" class="menu-item" onClick={leaveTo(onConnectHost)}>
              {text.header.connectHost}
            </button>
          )}
          <button type="button" class="menu-item" onClick={leaveTo(onKeys)}>
            <span class="menu-key">
              {text.header.keys} <kbd>?</kbd>
            </span>
          </button>
          <button type="button" class="menu-item" onClick={signOut}>
            {text.header.signOut}
          </button>
        </div>
      )}
    </div>
  );
}
