import { useState } from "preact/hooks";
import { NAME_FORM } from "../api/server-values.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { TextField } from "../components/fields.tsx";
import { useApp, useText } from "../state/app-context.ts";
import type { GroupAct } from "./group-act.ts";

export function RenameGroup({ group, onBack, onClose, onDone }: GroupAct) {
  const { api, wall } = useApp();
  const { groups: text } = useText();
  const [name, setName] = useState(group.name);
  const wanted = name.trim();
  const fault = wanted === "" ? text.nameMissing : NAME_FORM.test(wanted) ? null : text.nameWrong;
  const act = async () => {
    const renamed = await api.changeGroup(group.id, { name: wanted });
    wall.dispatch({ type: "notice", notice: text.didRename(renamed.name) });
    onDone(renamed);
  };
  return (
    <ActDialog
      title={text.renameTitle(group.name)}
      confirm={text.rename}
      onLeave={onBack}
      blocked={fault !== null || wanted === group.name}
      act={act}
      onClose={onClose}
    >
      <p class="lead">{text.renameLead}</p>
      <TextField label={text.name} fault={fault} value={name} onInput={setName} />
    </ActDialog>
  );
}
