import { useEffect, useState } from "preact/hooks";
import type { LoginStep, ShownInvitation } from "../../api/schemas.ts";
import type { SignInAnswer } from "../api/api-client.ts";
import { Choices } from "../components/choices.tsx";
import { Logo } from "../components/icon.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { formatExact } from "../text/format.ts";
import { languageNames } from "../text/translations/languages.ts";
import { CredentialForm } from "./credential-form.tsx";
import { takeInvitation } from "./invitation-link.ts";
import { NewAccountForm } from "./new-account-form.tsx";

/** Another person may have been signed in in this browser: nothing of theirs stays. */
const enter = () => location.replace("/");

/** Where the link of an invitation leads: name and password, then what else the account needs. */
export function InvitationPage() {
  const { api, preferences } = useApp();
  const all = useText();
  const { newcomers: text } = all;
  const { language } = usePreferences();
  const [secret] = useState(takeInvitation);
  const [shown, setShown] = useState<ShownInvitation | null>(null);
  const [fault, setFault] = useState<string | null>(secret === null ? text.noLink : null);
  const [step, setStep] = useState<LoginStep["step"] | null>(null);

  useEffect(() => {
    document.title = `${text.title} · ${all.product}`;
  }, [all]);
  useEffect(() => {
    // Another link, opened in the same tab.
    const reload = () => location.reload();
    window.addEventListener("hashchange", reload);
    return () => window.removeEventListener("hashchange", reload);
  }, []);
  useEffect(() => {
    if (secret === null) return;
    api.showInvitation(secret).then(setShown, (error: unknown) => setFault(explainError(error, all)));
  }, [api, secret]);

  const goOn = (answer: SignInAnswer) => {
    if ("step" in answer) setStep(answer.step);
    else enter();
  };
  const answerStep = async (answers: Readonly<Record<string, string>>) => {
    if (step === null) return;
    setFault(null);
    try {
      goOn(await api.answerStep(step.id, answers));
    } catch (error) {
      setFault(explainError(error, all));
    }
  };

  return (
    <main class="sign-in" id="wall" tabIndex={-1}>
      <div class="sign-in-card">
        <div class="sign-in-mark">
          <Logo />
          <span class="wordmark">{all.product}</span>
        </div>
        <h1>{text.title}</h1>
        {step !== null ? (
          <>
            <p class="lead" role="status">
              {step.form.text?.[language] ?? all.signIn.oneMore}
            </p>
            <CredentialForm
              key={step.id}
              form={step.form}
              fault={fault}
              onFault={setFault}
              onSubmit={answerStep}
            />
          </>
        ) : shown !== null && secret !== null ? (
          <>
            <p class="lead">
              {shown.name === null ? text.lead : text.leadNamed(shown.name)}{" "}
              {text.until(formatExact(shown.expiresAt, language))}
            </p>
            <NewAccountForm
              fixedName={shown.name}
              submitLabel={text.accept}
              onSubmit={({ name, password }) =>
                api.acceptInvitation({ secret, password, ...(shown.name === null && { name }) }).then(goOn)
              }
            />
          </>
        ) : (
          <>
            <p class={fault === null ? undefined : "fault"} role={fault === null ? "status" : "alert"}>
              {fault ?? all.loading}
            </p>
            {fault !== null && (
              <a class="button large" href="/">
                {text.toSignIn}
              </a>
            )}
          </>
        )}
      </div>
      <Choices
        label={all.header.language}
        value={language}
        options={languageNames}
        onChoose={(choice) => preferences.dispatch({ language: choice })}
      />
    </main>
  );
}
