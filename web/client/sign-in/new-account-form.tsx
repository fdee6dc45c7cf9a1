import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { PasswordInput } from "../components/password-input.tsx";
import { useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

const MIN_PASSWORD = 10;
const MAX_PASSWORD = 256;
const MAX_NAME = 64;
const MAX_REASON = 200;

interface NewAccount {
  readonly name: string;
  readonly password: string;
  readonly reason: string;
}

interface NewAccountFormProps {
  /** Null: the person chooses one. */
  readonly fixedName: string | null;
  readonly asksReason?: boolean;
  readonly submitLabel: string;
  /** Rejects with what is to be explained. */
  readonly onSubmit: (account: NewAccount) => Promise<void>;
  /** Further buttons. */
  readonly children?: ComponentChildren;
}

/** Name and password of somebody who has no account yet. The password is typed once: it can be looked at. */
export function NewAccountForm(props: NewAccountFormProps) {
  const { fixedName, asksReason = false } = props;
  const all = useText();
  const { newcomers: text, people } = all;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const name = useRef<HTMLInputElement>(null);
  const reason = useRef<HTMLInputElement>(null);
  const password = useRef<HTMLInputElement | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const faultId = `${id}-fault`;
  const describedBy = fault === null ? undefined : faultId;
  useEffect(() => form.current?.querySelector<HTMLInputElement>("input:not([hidden])")?.focus(), []);

  const complain = (message: string, input: HTMLInputElement | null) => {
    setFault(message);
    input?.focus();
    input?.select();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const account = {
      name: fixedName ?? name.current?.value.trim() ?? "",
      password: password.current?.value ?? "",
      reason: reason.current?.value.trim() ?? "",
    };
    if (account.name === "") return complain(people.nameMissing, name.current);
    if (account.password.length < MIN_PASSWORD) return complain(text.passwordShort, password.current);
    if (asksReason && account.reason === "") return complain(text.reasonMissing, reason.current);
    setBusy(true);
    setFault(null);
    props.onSubmit(account).catch((error: unknown) => {
      setBusy(false);
      complain(explainError(error, all), name.current ?? password.current);
    });
  };

  return (
    <form ref={form} class="sign-in-form" method="post" action="/" noValidate onSubmit={submit}>
      {fixedName === null ? (
        <div class="field">
          <label for={`${id}-name`}>{text.name}</label>
          <input
            id={`${id}-name`}
            ref={name}
            name="name"
            type="text"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={MAX_NAME}
            required
            aria-describedby={describedBy ?? `${id}-name-note`}
          />
          <small id={`${id}-name-note`}>{text.nameHint}</small>
        </div>
      ) : (
        <input type="text" name="name" autocomplete="username" value={fixedName} readOnly hidden />
      )}
      <div class="field">
        <label for={`${id}-password`}>{text.password}</label>
        <PasswordInput
          id={`${id}-password`}
          name="password"
          autocomplete="new-password"
          maxLength={MAX_PASSWORD}
          describedBy={describedBy ?? `${id}-password-note`}
          inputRef={(input) => (password.current = input)}
        />
        <small id={`${id}-password-note`}>{text.passwordHint}</small>
      </div>
      {asksReason && (
        <div class="field">
          <label for={`${id}-reason`}>{text.reason}</label>
          <input
            id={`${id}-reason`}
            ref={reason}
            name="reason"
            type="text"
            autocomplete="off"
            maxLength={MAX_REASON}
            required
            aria-describedby={describedBy ?? `${id}-reason-note`}
          />
          <small id={`${id}-reason-note`}>{text.reasonHint}</small>
        </div>
      )}
      <p class="fault" id={faultId} role="alert">
        {fault}
      </p>
      <button type="submit" class="button primary large" aria-disabled={busy}>
        {busy ? text.working : props.submitLabel}
      </button>
      {props.children}
    </form>
  );
}
