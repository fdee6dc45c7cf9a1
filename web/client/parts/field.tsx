import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface AroundProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with it; null: nothing. */
  readonly fault?: string | null;
}

interface FieldProps extends AroundProps {
  readonly value: string;
  readonly numeric?: boolean;
  readonly onInput: (value: string) => void;
}

function Around({
  id,
  label,
  hint,
  fault,
  children,
}: AroundProps & { id: string; children: ComponentChildren }) {
  const note = fault ?? hint;
  return (
    <div class={fault ? "field wrong" : "field"}>
      <label for={id}>{label}</label>
      {children}
      {note !== undefined && <small id={`${id}-note`}>{note}</small>}
    </div>
  );
}

export function Field({ value, numeric = false, onInput, ...around }: FieldProps) {
  const id = useId();
  const note = around.fault ?? around.hint;
  return (
    <Around id={id} {...around}>
      <input
        id={id}
        type="text"
        inputMode={numeric ? "numeric" : "text"}
        autocomplete="off"
        value={value}
        aria-invalid={Boolean(around.fault)}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Around>
  );
}

export function TextField({ value, onInput, ...around }: Omit<FieldProps, "numeric">) {
  const id = useId();
  const note = around.fault ?? around.hint;
  return (
    <Around id={id} {...around}>
      <textarea
        id={id}
        rows={4}
        spellcheck={false}
        value={value}
        aria-invalid={Boolean(around.fault)}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Around>
  );
}

interface PickFieldProps extends AroundProps {
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onPick: (value: string) => void;
}

export function PickField({ value, options, onPick, ...around }: PickFieldProps) {
  const id = useId();
  return (
    <Around id={id} {...around}>
      <select id={id} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Around>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly checked: boolean;
  readonly onCheck: (checked: boolean) => void;
}

export function CheckField({ label, hint, checked, onCheck }: CheckFieldProps) {
  const id = useId();
  return (
    <label class="check" for={id}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={`${id}-note`}
        onChange={(event) => onCheck(event.currentTarget.checked)}
      />
      <span>{label}</span>
      <small id={`${id}-note`}>{hint}</small>
    </label>
  );
}
