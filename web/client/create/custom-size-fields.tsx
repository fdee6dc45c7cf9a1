import type { Image } from "../../api/schemas.ts";
import { TextField } from "../components/fields.tsx";
import { useText } from "../state/app-context.ts";
import type { CustomSizeFault, CustomSizeInput } from "./sizes.ts";

interface CustomSizeFieldsProps {
  readonly image: Image;
  readonly input: CustomSizeInput;
  readonly faults: readonly CustomSizeFault[];
  readonly onChange: (input: CustomSizeInput) => void;
}

export function CustomSizeFields({ image, input, faults, onChange }: CustomSizeFieldsProps) {
  const { create } = useText();
  return (
    <div class="custom">
      <TextField
        label={create.cpus}
        numeric
        value={input.cpus}
        fault={faults.includes("cpus") ? create.cpusWrong(image.cpus.min) : null}
        onInput={(cpus) => onChange({ ...input, cpus })}
      />
      <TextField
        label={create.memory}
        numeric
        value={input.memoryMb}
        fault={faults.includes("memory") ? create.memoryWrong(image.memoryMb.min) : null}
        onInput={(memoryMb) => onChange({ ...input, memoryMb })}
      />
      <TextField
        label={create.name}
        value={input.name}
        hint={create.nameHint}
        fault={faults.includes("name") ? create.nameWrong : null}
        onInput={(name) => onChange({ ...input, name })}
      />
    </div>
  );
}
