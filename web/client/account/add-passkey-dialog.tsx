import { useEffect, useRef, useState } from "preact/hooks";
import type { AddedFactorAnswer, PasskeyOptions } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { createPasskey } from "../sign-in/passkey.ts";
import { useApp, useText } from "../state/app-context.ts";
import { describeBrowser } from "../text/describe-browser.ts";
import { explainError } from "../text/explain-error.ts";

const MAX_NAME = 64;

interface AddPasskeyDialogProps {
  readonly onAdded: (added: AddedFactorAnswer) => void;
  readonly onClose: () => void;
}

/** Has the browser make a passkey, under a name. */
export function AddPasskeyDialog({ onAdded, onClose }: AddPasskeyDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { factors: text } = all;
  // Asked for beforehand: some browsers make one only straight after a click.
  const [options, setOptions] = useState<PasskeyOptions | null>(null);
  const [name, setName] = useState(() => describeBrowser(navigator.userAgent) ?? "");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);

  useEffect(() => {
    api.beginPasskey().then(
      (asked) => setOptions(asked.options),
      (error: unknown) => setFault(explainError(error, all)),
    );
  }, [api]);

  useEffect(() => form.current?.querySelector("input")?.focus(), [options]);

  const make = async (asked: PasskeyOptions) => {
    const passkey = await createPasskey(asked);
    onAdded(await api.addPasskey(passkey, name.trim().slice(0, MAX_NAME)));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy || options === null) return;
    setBusy(true);
    setFault(null);
    make(options).catch((error: unknown) => {
      setBusy(false);
      setFault(explainError(error, all));
    });
  };
  return (
    <Dialog key="passkey" title={text.passkeyTitle} onClose={onClose}>
      <form ref={form} class="dialog-stack" onSubmit={submit} noValidate>
        <p class="lead">{text.passkeyLead}</p>
        {options === null && fault === null && <p role="status">{all.loading}</p>}
        {options !== null && <TextField label={text.passkeyName} value={name} onInput={setName} />}
        <p class="fault" role="alert">
          {fault}
        </p>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {all.cancel}
          </button>
          {options !== null && (
            <button type="submit" class="button primary" aria-disabled={busy}>
              {busy ? text.working : text.makePasskey}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
