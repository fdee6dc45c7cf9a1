import type { Image } from "../../api/schemas.ts";
import { Field } from "../parts/field.tsx";
import { useText } from "../state/context.ts";
import type { CustomFault, CustomOrder } from "./sizes.ts";

interface CustomFoldProps {
  readonly image: Image;
  readonly order: CustomOrder;
  readonly faults: readonly CustomFault[];
  readonly onChange: (order: CustomOrder) => void;
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
