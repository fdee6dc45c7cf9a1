import { useEffect, useRef, useState } from "preact/hooks";
import type { AddedFactorAnswer, TotpEnrolment } from "../../api/schemas.ts";
import { ApiError } from "../api/api-error.ts";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { cleanCode } from "../sign-in/clean-code.ts";
import { ShownSecrets } from "../sign-in/shown-secrets.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

interface AddAppDialogProps {
  /** There is an app, whose place the new one takes. */
  readonly replaces: boolean;
  readonly onAdded: (added: AddedFactorAnswer) => void;
  readonly onClose: () => void;
}

/** Shows the key of an authenticator app, and asks for a code of it. */
export function AddAppDialog({ replaces, onAdded, onClose }: AddAppDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { factors: text } = all;
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    api.beginApp().then(setEnrolment, (error: unknown) => setFault(explainError(error, all)));
  }, [api]);

  useEffect(() => form.current?.querySelector("input")?.focus(), [enrolment]);

  const submit = (event: Event) => {
    event.preventDefault();
    if (busy || enrolment === null) return;
    const typed = cleanCode(code);
    if (typed === "") return setFault(text.codeMissing);
    setBusy(true);
    setFault(null);
    api.addApp(enrolment.id, typed).then(onAdded, (error: unknown) => {
      setBusy(false);
      // Recovery codes, of which the general sentence speaks, do not help here.
      const isWrong = error instanceof ApiError && error.code === "FACTOR_WRONG";
      setFault(isWrong ? text.codeWrong : explainError(error, all));
    });
  };
  return (
    <Dialog key="app" title={text.appTitle} onClose={onClose}>
      <form ref={form} class="dialog-stack" onSubmit={submit} noValidate>
        <p class="lead">
          {text.appLead} {replaces && text.appReplaces}
        </p>
        {enrolment === null && fault === null && <p role="status">{all.loading}</p>}
        {enrolment !== null && (
          <>
            <ShownSecrets totp={enrolment} />
            <TextField label={text.code} value={code} numeric onInput={setCode} />
          </>
        )}
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {all.cancel}
          </button>
          {enrolment !== null && (
            <button type="submit" class="button primary" aria-disabled={busy}>
              {busy ? text.working : text.add}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
