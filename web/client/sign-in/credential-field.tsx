import { useState } from "preact/hooks";
import type { SignInField } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { usePreferences, useText } from "../state/app-context.ts";

interface CredentialFieldProps {
  readonly field: SignInField;
  /** The id of the element with the error text; undefined: no error. */
  readonly faultId: string | undefined;
  readonly inputRef: (input: HTMLInputElement | null) => void;
}

/** One field of the sign-in form; a password can be made visible. */
export function CredentialField({ field, faultId, inputRef }: CredentialFieldProps) {
  const text = useText();
  const { language } = usePreferences();
  const [shown, setShown] = useState(false);
  const { name, label, autocomplete, maxLength } = field;
  const common = { id: name, name, ref: inputRef, autocomplete, maxLength, required: true };
  // As literals: the types of the input element distinguish the two by them.
  const visibility = shown ? { type: "text" as const } : { type: "password" as const };
  if (field.kind === "text")
    return (
      <div class="field">
        <label for={name}>{label[language]}</label>
        <input {...common} type="text" autocapitalize="none" spellcheck={false} />
      </div>
    );
  return (
    <div class="field">
      <label for={name}>{label[language]}</label>
      <div class="with-button">
        <input {...common} {...visibility} aria-describedby={faultId} />
        <button
          type="button"
          class="button quiet square"
          aria-pressed={shown}
          aria-label={shown ? text.signIn.hide : text.signIn.show}
          title={shown ? text.signIn.hide : text.signIn.show}
          onClick={() => setShown(!shown)}
        >
          <Icon name="eye" />
        </button>
      </div>
    </div>
  );
}
