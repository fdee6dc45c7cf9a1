import { useEffect, useState } from "preact/hooks";
import type { SignInForm } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { Logo } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { languageNames } from "../text/translations/languages.ts";
import type { PageArrival } from "./arrival.ts";
import { CredentialForm } from "./credential-form.tsx";
import { SignUpForm } from "./sign-up-form.tsx";
import { useSignIn } from "./use-sign-in.ts";

const RETRY_MS = 2_000;

/** The form as the server describes it. `fault`: why it is not there yet. */
function useSignInForm(): { form: SignInForm | null; fault: unknown } {
  const { api } = useApp();
  const [form, setForm] = useState<SignInForm | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    let timer: number | undefined;
    const load = () => {
      api.signInForm().then(setForm, (error: unknown) => {
        setFault(error);
        timer = window.setTimeout(load, RETRY_MS);
      });
    };
    load();
    return () => window.clearTimeout(timer);
  }, [api]);
  return { form, fault };
}

/** @param arrival what the browser brought along */
export function SignInPage({ arrival }: { readonly arrival: PageArrival }) {
  const { preferences } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const { form, fault: formFault } = useSignInForm();
  const { name, step, fault, setFault, ...signIn } = useSignIn(form, arrival);
  const [asking, setAsking] = useState(false);

  useEffect(() => {
    document.title = `${text.signIn.title} · ${text.product}`;
  }, [text]);

  const asPerson = name === "" ? "" : text.signIn.asPerson(name);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <div class="sign-in-mark">
          <Logo />
          <span class="wordmark">{text.product}</span>
        </div>
        <h1>{asking ? text.newcomers.ask : text.signIn.title}</h1>
        <p class="lead" role="status">
          {step === null
            ? form === null && formFault !== null
              ? explainError(formFault, text)
              : asking
                ? text.newcomers.askLead
                : text.signIn.lead
            : `${asPerson} ${step.form.text?.[language] ?? text.signIn.oneMore}`}
        </p>
        {asking && <SignUpForm onBack={() => setAsking(false)} />}
        {!asking && step === null && form !== null && (
          <CredentialForm
            key="begin"
            form={form}
            name={name}
            fault={fault}
            onFault={setFault}
            onSubmit={signIn.begin}
            onPasskeyAlone={signIn.enterByPasskey}
          />
        )}
        {!asking && step === null && form?.signUp === true && (
          <button type="button" class="button quiet large" onClick={() => setAsking(true)}>
            {text.newcomers.ask}
          </button>
        )}
        {step !== null && (
          <CredentialForm
            key={step.id}
            form={step.form}
            fault={fault}
            onFault={setFault}
            onSubmit={signIn.answer}
            onBack={signIn.startOver}
          />
        )}
      </div>
      <Choices
        label={text.header.language}
        value={language}
        options={languageNames}
        onChoose={(choice) => preferences.dispatch({ language: choice })}
      />
    </main>
  );
}
