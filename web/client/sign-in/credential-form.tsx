import { useEffect, useRef, useState } from "preact/hooks";
import type { SignInForm } from "../../api/schemas.ts";
import { API_PREFIX } from "../api/api-client.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { CredentialField } from "./credential-field.tsx";
import { createPasskey, knowsPasskeys, provePasskey } from "./passkey.ts";
import { ShownSecrets } from "./shown-secrets.tsx";
import { asksNameFirst, collectAnswers } from "./sign-in-form.ts";

const FAULT_ID = "fault";
const PASSKEY_LABELS = { alone: "passkey", get: "usePasskey", create: "makePasskey" } as const;

/** A page that is not the first one is where another site leads the person back to. */
function addReturn(href: string): string {
  const goesAway = href.startsWith(`${API_PREFIX}/sign-in/`);
  return location.pathname === "/" || !goesAway
    ? href
    : `${href}?to=${encodeURIComponent(location.pathname)}`;
}

interface CredentialFormProps {
  readonly form: SignInForm;
  /** What the first field begins with. */
  readonly name?: string;
  readonly fault: string | null;
  readonly onFault: (fault: string | null) => void;
  /** Settles when the server has answered, however. */
  readonly onSubmit: (answers: Readonly<Record<string, string>>) => Promise<void>;
  /** Absent: this is the beginning. */
  readonly onBack?: () => void;
  /** Who is signed in already and is asked anew; absent: nobody. */
  readonly account?: string;
  /** Where a passkey is all that is asked for; settles when the server has answered, however. */
  readonly onPasskeyAlone?: () => Promise<void>;
}

/** The fields and buttons that a provider asks for: of the beginning, or of a further step. */
export function CredentialForm({
  form,
  name = "",
  fault,
  onFault,
  onSubmit,
  onBack,
  ...rest
}: CredentialFormProps) {
  const text = useText();
  const { language } = usePreferences();
  const { buttons, alternatives = [] } = form;
  const passkey = knowsPasskeys() ? form.passkey : undefined;
  const [chosen, setChosen] = useState(0);
  const fields = alternatives[chosen]?.fields ?? form.fields;
  const nameFirst = asksNameFirst(form);
  const [named, setNamed] = useState(false);
  const [busy, setBusy] = useState(false);
  const inputs = useRef(new Map<string, HTMLInputElement>());
  const submitButton = useRef<HTMLButtonElement>(null);
  const onlyName = nameFirst && !named;
  const [first = "", second = ""] = fields.map((field) => field.name);
  const [main, ...otherSubmits] = buttons.filter(({ href }) => href === null);
  const working = rest.account === undefined ? text.signIn.working : text.loading;
  const links = buttons.flatMap(({ label, href }) => (href === null ? [] : [{ label, href }]));

  const focus = (field: string, select: boolean) => {
    const input = inputs.current.get(field);
    if (input === undefined) submitButton.current?.focus();
    else input.focus();
    if (select) input?.select();
  };
  useEffect(() => {
    const input = inputs.current.get(first);
    if (input !== undefined && input.value === "") input.value = name;
    focus(name === "" || second === "" || nameFirst ? first : second, false);
  }, [first]);
  useEffect(() => {
    if (nameFirst) focus(named ? second : first, false);
  }, [named]);

  const submit = (without: readonly string[]) => {
    if (busy) return;
    const asked = fields.filter((field) => !without.includes(field.name));
    const { answers, missing } = collectAnswers(asked, (field) => inputs.current.get(field)?.value ?? "");
    // A password manager may have filled everything.
    if (onlyName && missing !== null && missing.name !== first) {
      onFault(null);
      return setNamed(true);
    }
    if (missing !== null) {
      onFault(missing.missing[language]);
      return focus(missing.name, false);
    }
    setBusy(true);
    void onSubmit(answers).then(() => {
      setBusy(false);
      const secret = asked.find(({ kind }) => kind === "password") ?? asked[0];
      focus(secret?.name ?? "", true);
    });
  };
  const answerByPasskey = async () => {
    if (passkey?.use === "get" || passkey?.use === "create") {
      const ask = passkey.use === "get" ? provePasskey : createPasskey;
      await onSubmit({ passkey: JSON.stringify(await ask(passkey.options)) });
    } else await rest.onPasskeyAlone?.();
  };
  const takePasskey = () => {
    if (busy) return;
    setBusy(true);
    onFault(null);
    answerByPasskey()
      .catch((error: unknown) => onFault(explainError(error, text)))
      .finally(() => setBusy(false));
  };
  const goBack = () => {
    onFault(null);
    if (onBack === undefined) setNamed(false);
    else onBack();
  };
  const choose = (index: number) => {
    onFault(null);
    setChosen(index);
  };

  return (
    <form
      class="sign-in-form"
      method="post"
      action="/"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(main?.without ?? []);
      }}
    >
      {rest.account !== undefined && (
        <input type="text" name="username" autocomplete="username" value={rest.account} readOnly hidden />
      )}
      <ShownSecrets {...form} />
      {fields.map((field, index) => (
        <CredentialField
          key={field.name}
          field={field}
          hidden={onlyName && index > 0}
          faultId={fault === null ? undefined : FAULT_ID}
          inputRef={(input) => {
            if (input === null) inputs.current.delete(field.name);
            else inputs.current.set(field.name, input);
          }}
        />
      ))}
      <p class="fault" id={FAULT_ID} role="alert">
        {fault}
      </p>
      {main !== undefined && (
        <button ref={submitButton} type="submit" class="button primary large" aria-disabled={busy}>
          {busy ? working : onlyName ? text.signIn.next : main.label[language]}
        </button>
      )}
      {alternatives.map(
        ({ label }, index) =>
          index !== chosen && (
            <button key={index} type="button" class="button quiet large" onClick={() => choose(index)}>
              {label[language]}
            </button>
          ),
      )}
      {main !== undefined && (otherSubmits.length + links.length > 0 || passkey !== undefined) && (
        <p class="or">{text.signIn.or}</p>
      )}
      {passkey !== undefined && (
        <button
          {...(main === undefined && { ref: submitButton })}
          type="button"
          class={main === undefined ? "button primary large" : "button large"}
          aria-disabled={busy}
          onClick={takePasskey}
        >
          {text.signIn[PASSKEY_LABELS[passkey.use]]}
        </button>
      )}
      {otherSubmits.map(({ label, without = [] }) => (
        <button
          key={without.join(" ")}
          type="button"
          class="button large"
          aria-disabled={busy}
          onClick={() => submit(without)}
        >
          {label[language]}
        </button>
      ))}
      {links.map(({ label, href }) => (
        <a key={href} class="button large" href={addReturn(href)}>
          {label[language]}
        </a>
      ))}
      {(onBack !== undefined || (nameFirst && named)) && (
        <button type="button" class="button quiet large" onClick={goBack}>
          {rest.account === undefined ? text.signIn.back : text.cancel}
        </button>
      )}
    </form>
  );
}
