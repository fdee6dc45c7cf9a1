import { useEffect, useState } from "preact/hooks";
import type { LoginStep, SignInForm } from "../../api/schemas.ts";
import { ApiError } from "../api/api-error.ts";
import type { SignInAnswer } from "../api/api-client.ts";
import { explainCode, explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { Logo } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { languageNames } from "../text/translations/languages.ts";
import { CredentialForm } from "./credential-form.tsx";
import { SignUpForm } from "./sign-up-form.tsx";

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

/** @param refused the code of an error that the browser came back with from another site; null: none */
export function SignInPage({ refused }: { readonly refused: string | null }) {
  const { api, wall, preferences } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const { form, fault: formFault } = useSignInForm();
  const [name, setName] = useState("");
  const [step, setStep] = useState<LoginStep["step"] | null>(null);
  const [asking, setAsking] = useState(false);
  const [fault, setFault] = useState<string | null>(() =>
    refused === null ? null : explainCode(refused, text),
  );

  useEffect(() => {
    document.title = `${text.signIn.title} · ${text.product}`;
  }, [text]);

  const goOn = (answer: SignInAnswer) => {
    if ("step" in answer) setStep(answer.step);
    else wall.dispatch({ type: "me", me: answer });
  };
  const begin = async (given: Readonly<Record<string, string>>) => {
    setName(given["name"] ?? "");
    setFault(null);
    try {
      goOn(await api.signIn(given));
    } catch (error) {
      setFault(explainError(error, text));
    }
  };
  const answer = async (answers: Readonly<Record<string, string>>) => {
    if (step === null) return;
    setFault(null);
    try {
      goOn(await api.answerStep(step.id, answers));
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (code === "LOGIN_STEP_GONE") setStep(null);
      setFault(code === "LOGIN_REFUSED" ? text.signIn.stepWrong : explainError(error, text));
    }
  };
  const startOver = () => {
    setStep(null);
    setFault(null);
  };

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
            : `${text.signIn.asPerson(name)} ${step.form.text?.[language] ?? text.signIn.oneMore}`}
        </p>
        {asking && <SignUpForm onBack={() => setAsking(false)} />}
        {!asking && step === null && form !== null && (
          <CredentialForm
            key="begin"
            form={form}
            name={name}
            fault={fault}
            onFault={setFault}
            onSubmit={begin}
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
            onSubmit={answer}
            onBack={startOver}
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
