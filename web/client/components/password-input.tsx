import { useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { Icon } from "./icon.tsx";

interface PasswordInputProps {
  readonly id: string;
  readonly name: string;
  /** For password managers: a token of HTML's `autocomplete`. */
  readonly autocomplete: string;
  readonly maxLength: number;
  readonly describedBy?: string | undefined;
  readonly inputRef: (input: HTMLInputElement | null) => void;
}

/** A password that can be made visible. Its value is read from the element: it is kept nowhere else. */
export function PasswordInput(props: PasswordInputProps) {
  const { signIn } = useText();
  const [shown, setShown] = useState(false);
  // As literals: the types of the input element distinguish the two by them.
  const visibility = shown ? { type: "text" as const } : { type: "password" as const };
  const label = shown ? signIn.hide : signIn.show;
  return (
    <div class="with-button">
      <input
        id={props.id}
        name={props.name}
        ref={props.inputRef}
        {...visibility}
        autocomplete={props.autocomplete}
        autocapitalize="none"
        spellcheck={false}
        maxLength={props.maxLength}
        required
        aria-describedby={props.describedBy}
      />
      <button
        type="button"
        class="button quiet square"
        aria-pressed={shown}
        aria-label={label}
        title={label}
        onClick={() => setShown(!shown)}
      >
        <Icon name="eye" />
      </button>
    </div>
  );
}
