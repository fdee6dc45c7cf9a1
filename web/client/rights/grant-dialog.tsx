import { useState } from "preact/hooks";
import { ActDialog } from "../components/act-dialog.tsx";
import { SelectField, TextField } from "../components/fields.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { listGrantable, type GrantLevel, type GrantKind } from "./describe-grant.ts";
import { HolderField, type Holder } from "./holder-field.tsx";
import { LevelChoice } from "./level-choice.tsx";

const KINDS: readonly GrantKind[] = ["desktop", "host", "image", "label"];

interface GrantDialogProps {
  readonly title: string;
  /** Who gets it; absent: it is asked. */
  readonly to?: Holder;
  /** What it is about, as `desktop:NAME`; absent: it is asked. */
  readonly on?: string;
  readonly leave: string;
  readonly onLeave: () => void;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Grants something to a person or a group. */
export function GrantDialog({ title, to, on, leave, onLeave, onDone, onClose }: GrantDialogProps) {
  const { api, wall } = useApp();
  const { grants: text } = useText();
  const [holder, setHolder] = useState<Holder | null>(to ?? null);
  const [kind, setKind] = useState<GrantKind>("desktop");
  const [name, setName] = useState("");
  const [level, setLevel] = useState<GrantLevel>("view");
  const [tried, setTried] = useState(false);
  const wanted = name.trim();
  const missing = { holder: holder === null, name: on === undefined && wanted === "" };

  const act = async () => {
    setTried(true);
    if (holder === null || missing.name) return;
    await api.addGrant({ to: `${holder.kind}:${holder.name}`, may: level, on: on ?? `${kind}:${wanted}` });
    wall.dispatch({ type: "notice", notice: text.done });
    onDone();
  };
  const choose = (value: string) => {
    const chosen = KINDS.find((one) => one === value) ?? "desktop";
    setKind(chosen);
    if (!listGrantable(chosen).includes(level)) setLevel(listGrantable(chosen)[0] ?? "none");
  };
  return (
    <ActDialog
      title={title}
      confirm={text.submit}
      leave={leave}
      onLeave={onLeave}
      act={act}
      onClose={onClose}
    >
      {to === undefined && (
        <HolderField
          label={text.holder}
          chosen={holder}
          onChoose={setHolder}
          fault={tried && missing.holder ? text.holderMissing : null}
        />
      )}
      {on === undefined && (
        <>
          <SelectField
            label={text.target}
            value={kind}
            options={KINDS.map((value) => ({ value, label: text.kinds[value] }))}
            onSelect={choose}
          />
          <TextField
            label={text.name}
            hint={text.nameHint}
            fault={tried && missing.name ? text.nameMissing : null}
            value={name}
            onInput={setName}
          />
        </>
      )}
      <LevelChoice kind={kind} level={level} onChoose={setLevel} />
    </ActDialog>
  );
}
