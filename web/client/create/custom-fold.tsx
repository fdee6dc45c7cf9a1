import { useId } from "preact/hooks";
import type { Image } from "../../api/schemas.ts";
import { useText } from "../state/context.ts";
import type { CustomFault, CustomOrder } from "./sizes.ts";

interface CustomFoldProps {
  readonly image: Image;
  readonly order: CustomOrder;
  readonly faults: readonly CustomFault[];
  readonly onChange: (order: CustomOrder) => void;
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly numeric?: boolean;
  readonly hint?: string;
  readonly fault: string | null;
  readonly onInput: (value: string) => void;
}

function Field({ label, value, numeric = false, hint, fault, onInput }: FieldProps) {
  const id = useId();
  const note = fault ?? hint;
  return (
    <div class={fault === null ? "field" : "field wrong"}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        inputMode={numeric ? "numeric" : "text"}
        autocomplete="off"
        value={value}
        aria-invalid={fault !== null}
        aria-describedby={note === undefined ? undefined : `${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {note !== undefined && <small id={`${id}-note`}>{note}</small>}
    </div>
  );
}

export function CustomFold({ image, order, faults, onChange }: CustomFoldProps) {
  const { create } = useText();
  return (
    <div class="custom">
      <Field
        label={create.cpus}
        numeric
        value={order.cpus}
        fault={faults.includes("cpus") ? create.cpusWrong(image.cpus.min) : null}
        onInput={(cpus) => onChange({ ...order, cpus })}
      />
      <Field
        label={create.memory}
        numeric
        value={order.memoryMb}
        fault={faults.includes("memory") ? create.memoryWrong(image.memoryMb.min) : null}
        onInput={(memoryMb) => onChange({ ...order, memoryMb })}
      />
      <Field
        label={create.name}
        value={order.name}
        hint={create.nameHint}
        fault={faults.includes("name") ? create.nameWrong : null}
        onInput={(name) => onChange({ ...order, name })}
      />
    </div>
  );
}
