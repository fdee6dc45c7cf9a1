import { useCallback, useEffect, useState } from "preact/hooks";
import type { DesktopAccessAnswer, GrantRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { Icon } from "../components/icon.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import { GrantDialog } from "./grant-dialog.tsx";
import { GrantList } from "./grant-list.tsx";
import { HolderName } from "./holder-field.tsx";
import { RemoveGrant } from "./remove-grant.tsx";

interface AccessDialogProps {
  readonly kind: "machine" | "desktop";
  readonly id: string;
  readonly name: string;
  /** What a grant about it alone says. */
  readonly on: string;
  readonly onClose: () => void;
}

/** Who may use a machine or a desktop, and by which grants; administrators add and remove some. */
export function AccessDialog({ kind, id, name, on, onClose }: AccessDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { grants: text } = all;
  const administers = usePower("administer");
  const [access, setAccess] = useState<DesktopAccessAnswer | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [act, setAct] = useState<"add" | GrantRow | null>(null);
  const load = useCallback(() => api.access(kind, id).then(setAccess, setFault), [api, kind, id]);
  useEffect(() => void load(), [load]);
  const back = () => setAct(null);
  const done = () => {
    setAct(null);
    void load();
  };

  if (act === "add")
    return (
      <GrantDialog
        key="add"
        title={text.addTo(name)}
        on={on}
        leave={all.people.back}
        onLeave={back}
        onDone={done}
        onClose={onClose}
      />
    );
  if (act !== null)
    return (
      <RemoveGrant
        key="remove"
        grant={act}
        leave={all.people.back}
        onLeave={back}
        onDone={done}
        onClose={onClose}
      />
    );
  return (
    <Dialog key="access" title={text.accessTitle(name)} onClose={onClose}>
      {access === null && fault === null && <p role="status">{all.loading}</p>}
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      {access !== null && <AccessList access={access} onRemove={administers ? setAct : null} />}
      <div class="dialog-actions">
        {administers && (
          <button type="button" class="button primary" onClick={() => setAct("add")}>
            <Icon name="plus" />
            {text.add}
          </button>
        )}
      </div>
    </Dialog>
  );
}

interface AccessListProps {
  readonly access: DesktopAccessAnswer;
  readonly onRemove: ((grant: GrantRow) => void) | null;
}

function AccessList({ access, onRemove }: AccessListProps) {
  const { grants: text } = useText();
  const { owner, people, grants, more } = access;
  return (
    <>
      <dl class="facts">
        <dt>{text.owner}</dt>
        <dd>
          {owner === null ? text.noOwner : owner.name}
          {owner !== null && <small>{text.ownerMay}</small>}
        </dd>
      </dl>
      <p class="fine">{text.roles}</p>
      <h3>{people.length === 0 ? text.nobody : text.people(people.length)}</h3>
      {people.length > 0 && (
        <ul class="level-list">
          {people.map(({ id, name, level }) => (
            <li key={id} data-may={level ?? "none"}>
              <HolderName holder={{ kind: "user", name }} />
              <strong>{text.levels[level ?? "none"]}</strong>
            </li>
          ))}
        </ul>
      )}
      {grants.length > 0 && (
        <>
          <h3>{text.byRules}</h3>
          <GrantList grants={grants} onRemove={onRemove} />
        </>
      )}
      {more && <p class="fine">{text.more}</p>}
    </>
  );
}
