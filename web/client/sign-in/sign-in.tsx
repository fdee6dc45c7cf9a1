import { useEffect, useRef, useState } from "preact/hooks";
import { explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { Icon, Logo } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { languageNames } from "../text/catalogues.ts";

export function SignIn() {
  const { api, wall, preferences } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const name = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  useEffect(() => {
    document.title = `${text.signIn.title} · ${text.product}`;
  }, [text]);
  useEffect(() => name.current?.focus(), []);

  const secrecy = shown ? { type: "text" as const } : { type: "password" as const };
  const showFault = (field: HTMLInputElement | null, message: string) => {
    setFault(message);
    field?.focus();
    field?.select();
  };

  const submit = (event: Event) => {
    event.preventDefault();
    const given = { name: name.current?.value.trim() ?? "", password: password.current?.value ?? "" };
    if (given.name === "") return showFault(name.current, text.signIn.nameMissing);
    if (given.password === "") return showFault(password.current, text.signIn.passwordMissing);
    if (busy) return;
    setBusy(true);
    setFault(null);
    api
      .signIn(given.name, given.password)
      .then((me) => wall.dispatch({ type: "me", me }))
      .catch((error: unknown) => {
        setBusy(false);
        showFault(password.current, explainError(error, text));
      });
  };

  return (
    <main class="sign-in">
      <form class="sign-in-card" method="post" action="/" onSubmit={submit} noValidate>
        <div class="sign-in-mark">
          <Logo />
          <span class="wordmark">{text.product}</span>
        </div>
        <h1>{text.signIn.title}</h1>
        <p class="lead">{text.signIn.lead}</p>
        <div class="field">
          <label for="name">{text.signIn.name}</label>
          <input
            ref={name}
            id="name"
            name="username"
            type="text"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={64}
            required
          />
        </div>
        <div class="field">
          <label for="password">{text.signIn.password}</label>
          <div class="with-button">
            <input
              ref={password}
              id="password"
              name="password"
              {...secrecy}
              autocomplete="current-password"
              maxLength={256}
              required
              aria-describedby={fault === null ? undefined : "fault"}
            />
            <button
              type="button"
              class="button quiet square"
              aria-pressed={shown}
              aria-label={shown ? text.signIn.hide : text.signIn.show}
              title={shown ? text.signIn.hide : text.signIn.show}
              onClick={() => setShown(!shown)}
            >
              <Icon name="eye" />
            </button>
          </div>
        </div>
        <p class="fault" id="fault" role="alert">
          {fault}
        </p>
        <button type="submit" class="button primary large" aria-disabled={busy}>
          {busy ? text.signIn.working : text.signIn.submit}
        </button>
      </form>
      <Choices
        label={text.header.language}
        value={language}
        options={languageNames}
        onChoose={(choice) => preferences.dispatch({ language: choice })}
      />
    </main>
  );
}
