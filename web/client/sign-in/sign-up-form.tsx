import { useState } from "preact/hooks";
import { useApp, useText } from "../state/app-context.ts";
import { NewAccountForm } from "./new-account-form.tsx";

/** Asks for an account; an administrator answers. The page says the same whatever names there are. */
export function SignUpForm({ onBack }: { readonly onBack: () => void }) {
  const { api } = useApp();
  const { newcomers: text } = useText();
  const [asked, setAsked] = useState(false);
  const back = (
    <button type="button" class="button quiet large" onClick={onBack}>
      {text.back}
    </button>
  );
  if (asked)
    return (
      <>
        <p role="status">{text.asked}</p>
        {back}
      </>
    );
  return (
    <NewAccountForm
      fixedName={null}
      asksReason
      submitLabel={text.askSubmit}
      onSubmit={(account) => api.signUp(account).then(() => setAsked(true))}
    >
      {back}
    </NewAccountForm>
  );
}
