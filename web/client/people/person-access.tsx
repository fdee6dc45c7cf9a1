import { useEffect, useState } from "preact/hooks";
import type { UserAccess, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { GrantList } from "../rights/grant-list.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { listUsable } from "./list-usable.ts";

interface PersonAccessProps {
  readonly person: UserRow;
  readonly onBack: () => void;
  readonly onClose: () => void;
}

/** What a person may use, and why: role, groups and grants. */
export function PersonAccess({ person, onBack, onClose }: PersonAccessProps) {
  const { api } = useApp();
  const all = useText();
  const { grants: text, people } = all;
  const [access, setAccess] = useState<UserAccess | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => void api.personAccess(person.id).then(setAccess, setFault), [api, person.id]);
  return (
    <Dialog key="access" title={text.personTitle(person.name)} onClose={onClose}>
      {access === null && fault === null && <p role="status">{all.loading}</p>}
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      {access !== null && <AccessOfPerson access={access} />}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onBack}>
          {people.back}
        </button>
      </div>
    </Dialog>
  );
}

function AccessOfPerson({ access }: { readonly access: UserAccess }) {
  const { grants: text, people, roles } = useText();
  const usable = listUsable(access);
  return (
    <>
      <dl class="facts">
        <dt>{people.role}</dt>
        <dd>
          {roles.names[access.role]}
          <small>{roles.may[access.role]}</small>
        </dd>
        <dt>{text.ofGroups}</dt>
        <dd>{access.groups.map(({ name }) => name).join(", ") || text.noGroups}</dd>
      </dl>
      <h3>{access.grants.length === 0 ? text.noGrants : text.grantsReaching}</h3>
      {access.grants.length > 0 && <GrantList grants={access.grants} onRemove={null} />}
      <h3>{usable.length === 0 ? text.nothingUsable : text.usable(usable.length)}</h3>
      {usable.length > 0 && (
        <ul class="level-list">
          {usable.map(({ key, name, level }) => (
            <li key={key} data-may={level}>
              <span>{name}</span>
              <strong>{text.levels[level]}</strong>
            </li>
          ))}
        </ul>
      )}
      {access.more && <p class="fine">{text.more}</p>}
    </>
  );
}
