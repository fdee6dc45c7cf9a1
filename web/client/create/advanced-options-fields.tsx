import type { Allowance, Image } from "../../api/schemas.ts";
import { CheckboxField, TextField, SelectField, TextAreaField } from "../components/fields.tsx";
import { useText } from "../state/app-context.ts";
import { lookUpText } from "../text/translations/languages.ts";
import { listAvailableOptions, type AdvancedOptionFault, type AdvancedOptions } from "./advanced-options.ts";

interface AdvancedOptionsFieldsProps {
  readonly image: Image;
  readonly allowance: Allowance | null;
  readonly options: AdvancedOptions;
  readonly faults: readonly AdvancedOptionFault[];
  readonly onChange: (change: Partial<AdvancedOptions>) => void;
}

/** Rarely needed options; only those that this person may choose. */
export function AdvancedOptionsFields({
  image,
  allowance,
  options,
  faults,
  onChange,
}: AdvancedOptionsFieldsProps) {
  const { order } = useText();
  const offers = listAvailableOptions(image, allowance);
  const named = (values: readonly string[], names: Record<string, string>) => [
    { value: "", label: order.asImage },
    ...values.map((value) => ({ value, label: lookUpText(names, value) ?? value })),
  ];
  const wrong = (fault: AdvancedOptionFault, sentence: string) => (faults.includes(fault) ? sentence : null);
  return (
    <details class="fold">
      <summary>{order.advanced}</summary>
      <div class="fold-body">
        <CheckboxField
          label={order.oneShot}
          hint={order.oneShotHint}
          checked={options.oneShot}
          onChange={(oneShot) => onChange({ oneShot })}
        />
        <TextField
          label={offers.ownDisk ? order.disk : order.emptyDisk}
          numeric
          value={options.diskGb}
          hint={offers.ownDisk ? order.diskHint : order.emptyDiskHint}
          fault={wrong("disk", order.diskWrong(image.diskGb?.min ?? 1))}
          onInput={(diskGb) => onChange({ diskGb })}
        />
        <TextField
          label={order.dataDisk}
          value={options.dataDisk}
          hint={order.dataDiskHint}
          fault={wrong("dataDisk", order.dataDiskWrong)}
          onInput={(dataDisk) => onChange({ dataDisk })}
        />
        {options.dataDisk.trim() !== "" && (
          <TextField
            label={order.dataSize}
            numeric
            value={options.dataSizeGb}
            hint={order.dataSizeHint}
            fault={wrong("dataSize", order.dataSizeWrong)}
            onInput={(dataSizeGb) => onChange({ dataSizeGb })}
          />
        )}
        {offers.networks.length > 1 && (
          <SelectField
            label={order.network}
            value={options.network}
            options={named(offers.networks, order.networks)}
            onSelect={(network) => onChange({ network })}
          />
        )}
        {offers.displays.length > 1 && (
          <SelectField
            label={order.display}
            value={options.display}
            options={named(offers.displays, order.displays)}
            onSelect={(display) => onChange({ display })}
          />
        )}
        {offers.gpu && (
          <SelectField
            label={order.gpu}
            value={options.gpu}
            options={["none", "passthrough", "mdev"].map((value) => ({
              value,
              label: lookUpText(order.gpus, value) ?? value,
            }))}
            onSelect={(gpu) => onChange({ gpu })}
          />
        )}
        <TextField
          label={order.keymap}
          value={options.keymap}
          hint={order.keymapHint}
          fault={wrong("keymap", order.keymapWrong)}
          onInput={(keymap) => onChange({ keymap })}
        />
        {offers.script && (
          <div class="wide">
            <TextAreaField
              label={order.script}
              value={options.script}
              hint={order.scriptHint}
              fault={wrong("script", order.scriptLong)}
              onInput={(script) => onChange({ script })}
            />
          </div>
        )}
        {offers.master && (
          <CheckboxField
            label={order.master}
            hint={order.masterHint}
            checked={options.master}
            onChange={(master) => onChange({ master })}
          />
        )}
      </div>
    </details>
  );
}
