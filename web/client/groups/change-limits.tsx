import { useState } from "preact/hooks";
import type { GroupRow } from "../../api/schemas.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { checkLimit, hasOtherLimits, LIMIT_NAMES, readLimits, writeLimits } from "./group-limits.ts";
import type { GroupAct } from "./group-act.ts";

/** What each person of a group may have. */
export function ChangeLimits({ group, onBack, onClose, onDone }: GroupAct) {
  const { api, wall } = useApp();
  const { groups: text } = useText();
  const [typed, setTyped] = useState(() => readLimits(group.limits));
  const faults = LIMIT_NAMES.map((name) => [name, checkLimit(name, typed[name])] as const);
  const blocked = faults.some(([, fault]) => fault !== null);
  const act = async () => {
    const changed: GroupRow = await api.changeGroup(group.id, {
      limits: writeLimits(typed, group.limits),
    });
    wall.dispatch({ type: "notice", notice: text.didLimits });
    onDone(changed);
  };
  return (
    <ActDialog
      title={text.limitsTitle(group.name)}
      confirm={text.saveLimits}
      leave={text.back}
      onLeave={onBack}
      blocked={blocked}
      act={act}
      onClose={onClose}
    >
      <p class="lead">{text.limitsLead}</p>
      <div class="limit-fields">
        {faults.map(([name, fault]) => (
          <TextField
            key={name}
            label={text.fields[name]}
            numeric
            fault={fault === null ? null : text[fault]}
            value={typed[name]}
            onInput={(value) => setTyped({ ...typed, [name]: value })}
          />
        ))}
      </div>
      {hasOtherLimits(group.limits) && <p class="fine">{text.keepsOthers}</p>}
    </ActDialog>
  );
}
