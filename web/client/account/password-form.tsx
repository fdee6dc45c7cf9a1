import { useRef, useState } from "preact/hooks";
import { PasswordInput } from "../components/password-input.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

const MIN_LENGTH = 10;
const MAX_LENGTH = 256;

interface PasswordFormProps {
  /** For password managers: whose password it is. */
  readonly name: string;
  /** In how many other browsers the person is signed in. */
  readonly others: number;
  readonly onChanged: () => void;
}

/** Changes one's own password. It is typed once: it can be looked at. */
export function PasswordForm({ name, others, onChanged }: PasswordFormProps) {
  const { api } = useApp();
  const all = useText();
  const { account: text } = all;
  const current = useRef<HTMLInputElement | null>(null);
  const wanted = useRef<HTMLInputElement | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [changed, setChanged] = useState(false);

  const complain = (message: string, input: HTMLInputElement | null) => {
    setFault(message);
    input?.focus();
    input?.select();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const [old, fresh] = [current.current, wanted.current];
    if (busy || old === null || fresh === null) return;
    setChanged(false);
    if (old.value === "") return complain(text.currentMissing, old);
    if (fresh.value.length < MIN_LENGTH) return complain(text.tooShort, fresh);
    setBusy(true);
    setFault(null);
    api.changePassword(old.value, fresh.value).then(
      () => {
        setBusy(false);
        setChanged(true);
        old.value = "";
        fresh.value = "";
        onChanged();
      },
      (error: unknown) => {
        setBusy(false);
        complain(explainError(error, all), old);
      },
    );
  };

  return (
    <form class="password-form" onSubmit={submit} noValidate>
      <input type="text" name="username" autocomplete="username" value={name} readOnly hidden />
      <div class="field">
        <label for="current-password">{text.current}</label>
        <PasswordInput
          id="current-password"
          name="current"
          autocomplete="current-password"
          maxLength={MAX_LENGTH}
          describedBy={fault === null ? undefined : "password-fault"}
          inputRef={(input) => (current.current = input)}
        />
      </div>
      <div class="field">
        <label for="new-password">{text.new}</label>
        <PasswordInput
          id="new-password"
          name="password"
          autocomplete="new-password"
          maxLength={MAX_LENGTH}
          describedBy={fault === null ? "new-password-note" : "password-fault"}
          inputRef={(input) => (wanted.current = input)}
        />
        <small id="new-password-note">{text.newHint}</small>
      </div>
      <p class="fault" id="password-fault" role="alert">
        {fault}
      </p>
      <p class={changed ? "done" : "unseen"} role="status">
        {changed && text.changed}
      </p>
      <div class="sheet-actions">
        <button type="submit" class="button primary" aria-disabled={busy}>
          {busy ? text.changing : text.change}
        </button>
        <small>{text.ends(others)}</small>
      </div>
    </form>
  );
}
