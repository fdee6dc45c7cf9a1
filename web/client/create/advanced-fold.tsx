import type { Allowance, Image } from "../../api/schemas.ts";
import { CheckField, Field, PickField, TextField } from "../parts/field.tsx";
import { useText } from "../state/context.ts";
import { offersFor, type WishFault, type Wishes } from "./wishes.ts";

interface AdvancedFoldProps {
  readonly image: Image;
  readonly allowance: Allowance | null;
  readonly wishes: Wishes;
  readonly faults: readonly WishFault[];
  readonly onChange: (change: Partial<Wishes>) => void;
}

/** What few people need, and only what this person may choose. */
export function AdvancedFold({ image, allowance, wishes, faults, onChange }: AdvancedFoldProps) {
  const { order } = useText();
  const offers = offersFor(image, allowance);
  const named = (values: readonly string[], names: Record<string, string>) => [
    { value: "", label: order.asImage },
    ...values.map((value) => ({ value, label: names[value] ?? value })),
  ];
  const wrong = (fault: WishFault, sentence: string) => (faults.includes(fault) ? sentence : null);
  return (
    <details class="fold">
      <summary>{order.advanced}</summary>
      <div class="fold-body">
        <CheckField
          label={order.oneShot}
          hint={order.oneShotHint}
          checked={wishes.oneShot}
          onCheck={(oneShot) => onChange({ oneShot })}
        />
        <Field
          label={offers.ownDisk ? order.disk : order.emptyDisk}
          numeric
          value={wishes.diskGb}
          hint={offers.ownDisk ? order.diskHint : order.emptyDiskHint}
          fault={wrong("disk", order.diskWrong(image.diskGb?.min ?? 1))}
          onInput={(diskGb) => onChange({ diskGb })}
        />
        <Field
          label={order.dataDisk}
          value={wishes.dataDisk}
          hint={order.dataDiskHint}
          fault={wrong("dataDisk", order.dataDiskWrong)}
          onInput={(dataDisk) => onChange({ dataDisk })}
        />
        {wishes.dataDisk.trim() !== "" && (
          <Field
            label={order.dataSize}
            numeric
            value={wishes.dataSizeGb}
            hint={order.dataSizeHint}
            fault={wrong("dataSize", order.dataSizeWrong)}
            onInput={(dataSizeGb) => onChange({ dataSizeGb })}
          />
        )}
        {offers.networks.length > 1 && (
          <PickField
            label={order.network}
            value={wishes.network}
            options={named(offers.networks, order.networks)}
            onPick={(network) => onChange({ network })}
          />
        )}
        {offers.displays.length > 1 && (
          <PickField
            label={order.display}
            value={wishes.display}
            options={named(offers.displays, order.displays)}
            onPick={(display) => onChange({ display })}
          />
        )}
        {offers.gpu && (
          <PickField
            label={order.gpu}
            value={wishes.gpu}
            options={["none", "passthrough", "mdev"].map((value) => ({
              value,
              label: order.gpus[value] ?? value,
            }))}
            onPick={(gpu) => onChange({ gpu })}
          />
        )}
        <Field
          label={order.keymap}
          value={wishes.keymap}
          hint={order.keymapHint}
          fault={wrong("keymap", order.keymapWrong)}
          onInput={(keymap) => onChange({ keymap })}
        />
        {offers.script && (
          <div class="wide">
            <TextField
              label={order.script}
              value={wishes.script}
              hint={order.scriptHint}
              fault={wrong("script", order.scriptLong)}
              onInput={(script) => onChange({ script })}
            />
          </div>
        )}
        {offers.master && (
          <CheckField
            label={order.master}
            hint={order.masterHint}
            checked={wishes.master}
            onCheck={(master) => onChange({ master })}
          />
        )}
      </div>
    </details>
  );
}
