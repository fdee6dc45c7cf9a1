import { useState } from "preact/hooks";
import { OWN_SOURCE } from "../api/server-values.ts";
import { Dialog } from "../components/dialog.tsx";
import { Pager } from "../components/pager.tsx";
import { useRowPages } from "../components/use-row-pages.ts";
import { HolderField, type Holder } from "../rights/holder-field.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import type { GroupAct } from "./group-act.ts";

/** Who is in a group. People are added and removed here where no sign-in provider says who is in it. */
export function GroupMembers({ group, onBack, onClose, onChanged }: GroupAct) {
  const { api } = useApp();
  const all = useText();
  const { groups: text } = all;
  const isOwn = group.source === OWN_SOURCE;
  const changes = usePower("administer") && isOwn;
  const [said, setSaid] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  const pages = useRowPages({
    load: (page, signal) => api.members(group.id, page, signal),
    keyOf: ({ name }) => name,
    filter: group.id,
  });
  const { rows, fault, refresh } = pages;
  const act = (done: Promise<unknown>, notice: string) => {
    setFailed(null);
    setSaid("");
    done.then(() => {
      setSaid(notice);
      refresh();
      onChanged();
    }, setFailed);
  };
  const add = (holder: Holder | null) => {
    if (holder !== null) act(api.addMember(group.id, holder.name), text.added(holder.name));
  };
  const shown = fault ?? failed;
  return (
    <Dialog title={text.membersTitle(group.name)} onClose={onClose}>
      {!isOwn && <p class="lead">{text.elsewhere(group.source)}</p>}
      {changes && <HolderField label={text.addMember} chosen={null} onChoose={add} peopleOnly />}
      <p class={said === "" ? "unseen" : "done"} role="status">
        {said}
      </p>
      <p class="fault" role="alert">
        {shown !== null && explainError(shown, all)}
      </p>
      {rows === null && shown === null && <p role="status">{all.loading}</p>}
      {rows?.length === 0 && <p class="panel-empty">{text.noMembers}</p>}
      {rows !== null && rows.length > 0 && (
        <ul class="level-list">
          {rows.map(({ id, name }) => (
            <li key={id}>
              <span>{name}</span>
              {changes && (
                <button
                  type="button"
                  class="button small"
                  aria-label={text.removeMemberNamed(name)}
                  onClick={() => act(api.removeMember(group.id, id), text.left(name))}
                >
                  {text.removeMember}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      <Pager label={text.members} pages={pages} />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onBack}>
          {text.back}
        </button>
      </div>
    </Dialog>
  );
}
