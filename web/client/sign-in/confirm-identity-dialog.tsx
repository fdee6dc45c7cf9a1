import { useEffect, useState } from "preact/hooks";
import type { Me, SignInForm } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { CredentialForm } from "./credential-form.tsx";

/** Asks who sits there, before something critical goes on that was begun already. */
export function ConfirmIdentityDialog({ me }: { readonly me: Me }) {
  const { api, confirmation } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const [form, setForm] = useState<SignInForm | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  useEffect(() => {
    api.confirmForm().then(
      (asked) => {
        // Another tab may have been quicker.
        if (asked.confirmedUntil === null) setForm(asked.form);
        else confirmation.settle(true);
      },
      (error: unknown) => setFault(explainError(error, text)),
    );
  }, [api, confirmation]);

  const cancel = () => confirmation.settle(false);
  const confirm = async (answers: Readonly<Record<string, string>>) => {
    setFault(null);
    try {
      await api.confirm(answers);
      confirmation.settle(true);
    } catch (error) {
      setFault(explainError(error, text));
    }
  };
  const asksNothing = form !== null && form.fields.length === 0 && form.passkey === undefined;
  return (
    <Dialog title={text.confirm.title} onClose={cancel}>
      <p class="lead">{asksNothing ? form.text?.[language] : text.confirm.lead(me.name)}</p>
      {form === null && fault === null && <p role="status">{text.loading}</p>}
      {form === null && fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {form !== null && !asksNothing && (
        <CredentialForm
          form={form}
          account={me.name}
          fault={fault}
          onFault={setFault}
          onSubmit={confirm}
          onBack={cancel}
        />
      )}
    </Dialog>
  );
}
