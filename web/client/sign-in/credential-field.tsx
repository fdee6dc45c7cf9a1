import type { SignInField } from "../../api/schemas.ts";
import { PasswordInput } from "../components/password-input.tsx";
import { usePreferences } from "../state/app-context.ts";
import { isCodeField } from "./clean-code.ts";

interface CredentialFieldProps {
  readonly field: SignInField;
  /** It keeps what was typed or filled in, and is asked for later. */
  readonly hidden?: boolean;
  /** The id of the element with the error text; undefined: no error. */
  readonly faultId: string | undefined;
  readonly inputRef: (input: HTMLInputElement | null) => void;
}

/** One field of the sign-in form. */
export function CredentialField({ field, hidden = false, faultId, inputRef }: CredentialFieldProps) {
  const { language } = usePreferences();
  const { name, label, autocomplete, maxLength } = field;
  const code = isCodeField(field);
  return (
    <div class="field" hidden={hidden}>
      <label for={name}>{label[language]}</label>
      {field.kind === "password" ? (
        <PasswordInput
          id={name}
          name={name}
          autocomplete={autocomplete}
          maxLength={maxLength}
          describedBy={faultId}
          inputRef={inputRef}
        />
      ) : (
        <input
          id={name}
          name={name}
          ref={inputRef}
          type="text"
          class={code ? "code" : undefined}
          inputMode={code ? "numeric" : "text"}
          autocomplete={autocomplete}
          autocapitalize="none"
          spellcheck={false}
          // A pasted code may have blanks, which are taken out later.
          maxLength={code ? undefined : maxLength}
          required
          aria-describedby={faultId}
        />
      )}
    </div>
  );
}
