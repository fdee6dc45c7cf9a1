import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldFrameProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** The error text. Null: the value is valid. */
  readonly fault?: string | null;
}

interface TextFieldProps extends FieldFrameProps {
  readonly value: string;
  readonly numeric?: boolean;
  readonly onInput: (value: string) => void;
}

function FieldFrame({
  id,
  label,
  hint,
  fault,
  children,
}: FieldFrameProps & { id: string; children: ComponentChildren }) {
  const note = fault ?? hint;
  return (
    <div class={fault ? "field wrong" : "field"}>
      <label for={id}>{label}</label>
      {children}
      {note !== undefined && <small id={`${id}-note`}>{note}</small>}
    </div>
  );
}

export function TextField({ value, numeric = false, onInput, ...around }: TextFieldProps) {
  const id = useId();
  const note = around.fault ?? around.hint;
  return (
    <FieldFrame id={id} {...around}>
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
    </FieldFrame>
  );
}

export function TextAreaField({ value, onInput, ...around }: Omit<TextFieldProps, "numeric">) {
  const id = useId();
  const note = around.fault ?? around.hint;
  return (
    <FieldFrame id={id} {...around}>
      <textarea
        id={id}
        rows={4}
        spellcheck={false}
        value={value}
        aria-invalid={Boolean(around.fault)}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </FieldFrame>
  );
}

interface SelectFieldProps extends FieldFrameProps {
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly onSelect: (value: string) => void;
}

export function SelectField({ value, options, onSelect: onPick, ...around }: SelectFieldProps) {
  const id = useId();
  return (
    <FieldFrame id={id} {...around}>
      <select id={id} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

interface CheckboxFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function CheckboxField({ label, hint, checked, onChange: onCheck }: CheckboxFieldProps) {
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
