import { useEffect, useRef, useState } from "preact/hooks";
import type { SignInForm } from "../../api/schemas.ts";
import { API_PREFIX } from "../api/api-client.ts";
import { explainCode, explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { Logo } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { languageNames } from "../text/translations/languages.ts";
import { CredentialField } from "./credential-field.tsx";

const RETRY_MS = 2_000;

/** The form as the server describes it. Null: not loaded yet. */
function useSignInForm(): SignInForm | null {
  const { api } = useApp();
  const [form, setForm] = useState<SignInForm | null>(null);
  useEffect(() => {
    let timer: number | undefined;
    const load = () => {
      api.signInForm().then(setForm, () => {
        timer = window.setTimeout(load, RETRY_MS);
      });
    };
    load();
    return () => window.clearTimeout(timer);
  }, [api]);
  return form;
}

/** A page that is not the first one is where another site leads the person back to. */
function addReturn(href: string): string {
  const goesAway = href.startsWith(`${API_PREFIX}/sign-in/`);
  return location.pathname === "/" || !goesAway
    ? href
    : `${href}?to=${encodeURIComponent(location.pathname)}`;
}

/** @param refused the code of an error that the browser came back with from another site; null: none */
export function SignInPage({ refused }: { readonly refused: string | null }) {
  const { api, wall, preferences } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const { fields, buttons } = useSignInForm() ?? { fields: [], buttons: [] };
  const inputs = useRef(new Map<string, HTMLInputElement>());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(() =>
    refused === null ? null : explainCode(refused, text),
  );
  const first = fields[0]?.name;

  useEffect(() => {
    document.title = `${text.signIn.title} · ${text.product}`;
  }, [text]);
  useEffect(() => inputs.current.get(first ?? "")?.focus(), [first]);

  const showFault = (field: string, message: string) => {
    const input = inputs.current.get(field);
    setFault(message);
    input?.focus();
    input?.select();
  };

  const submit = (event: Event) => {
    event.preventDefault();
    const given: Record<string, string> = {};
    for (const { name, kind, missing } of fields) {
      const value = inputs.current.get(name)?.value ?? "";
      given[name] = kind === "text" ? value.trim() : value;
      if (given[name] === "") return showFault(name, missing[language]);
    }
    if (busy) return;
    setBusy(true);
    setFault(null);
    api
      .signIn(given)
      .then((me) => wall.dispatch({ type: "me", me }))
      .catch((error: unknown) => {
        const secret = fields.find(({ kind }) => kind === "password");
        setBusy(false);
        showFault(secret?.name ?? "", explainError(error, text));
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
        {fields.map((field) => (
          <CredentialField
            key={field.name}
            field={field}
            faultId={fault === null ? undefined : "fault"}
            inputRef={(input) => {
              if (input === null) inputs.current.delete(field.name);
              else inputs.current.set(field.name, input);
            }}
          />
        ))}
        <p class="fault" id="fault" role="alert">
          {fault}
        </p>
        {buttons.map(({ label, href }) =>
          href === null ? (
            <button key="submit" type="submit" class="button primary large" aria-disabled={busy}>
              {busy ? text.signIn.working : label[language]}
            </button>
          ) : (
            <a key={href} class="button large" href={addReturn(href)}>
              {label[language]}
            </a>
          ),
        )}
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
