import { useState } from "preact/hooks";
import type { UserRow } from "../../api/schemas.ts";
import { LOCAL_ACCOUNTS } from "../api/server-values.ts";
import { Choices } from "../components/choices.tsx";
import { Icon } from "../components/icon.tsx";
import { RowTable } from "../components/row-table.tsx";
import { Ago } from "../components/time.tsx";
import { useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { AddPersonDialog } from "./add-person-dialog.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { Newcomers } from "./newcomers.tsx";
import { PersonDialog } from "./person-dialog.tsx";
import { useNewcomers } from "./use-newcomers.ts";
import { usePeople, type PeopleFilter } from "./use-people.ts";

interface PersonRowProps {
  readonly person: UserRow;
  readonly onOpen: (person: UserRow) => void;
}

function PersonRow({ person, onOpen }: PersonRowProps) {
  const { people: text, roles } = useText();
  return (
    <tr data-state={person.state}>
      <th scope="row">
        <button
          type="button"
          class="row-link"
          aria-label={text.open(person.name)}
          onClick={() => {
            onOpen(person);
          }}
        >
          {person.name}
        </button>
      </th>
      <td>{roles.names[person.role]}</td>
      <td>
        <span class="dot" aria-hidden="true" />{" "}
        {person.state === "enabled" ? text.stateEnabled : text.stateDisabled}
      </td>
      <td class="wide-only">{person.provider === LOCAL_ACCOUNTS ? text.byPassword : person.provider}</td>
      <td class="wide-only">{person.email}</td>
      <td>{person.lastLoginAt === null ? text.never : <Ago at={person.lastLoginAt} />}</td>
    </tr>
  );
}

/** Everybody with an account, for administrators and auditors. */
export function PeoplePage() {
  const all = useText();
  const { people: text, newcomers: newText, roles } = all;
  const administers = usePower("administer");
  const [filter, setFilter] = useState<PeopleFilter>({ search: "", role: "", state: "all" });
  const [open, setOpen] = useState<UserRow | null>(null);
  const [adding, setAdding] = useState(false);
  const [inviting, setInviting] = useState(false);
  const newcomers = useNewcomers();
  const pages = usePeople(filter);

  return (
    <main class="sessions people" id="wall" tabIndex={-1}>
      <div class="sessions-head">
        <h1>{text.title}</h1>
        <input
          type="search"
          class="filter"
          aria-label={text.search}
          placeholder={text.searchHint}
          maxLength={64}
          value={filter.search}
          onInput={(event) => setFilter({ ...filter, search: event.currentTarget.value })}
        />
        <select
          class="filter"
          aria-label={text.role}
          value={filter.role}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            setFilter({ ...filter, role: isRole(chosen) ? chosen : "" });
          }}
        >
          <option value="">{text.allRoles}</option>
          {Object.entries(roles.names).map(([role, name]) => (
            <option key={role} value={role}>
              {name}
            </option>
          ))}
        </select>
        <Choices
          label={text.state}
          value={filter.state}
          options={{ all: text.all, enabled: text.enabled, disabled: text.disabled }}
          onChoose={(state) => setFilter({ ...filter, state })}
        />
        {administers && (
          <div class="head-end">
            <button type="button" class="button" onClick={() => setInviting(true)}>
              {newText.invite}
            </button>
            <button type="button" class="button primary" onClick={() => setAdding(true)}>
              <Icon name="plus" />
              {text.add}
            </button>
          </div>
        )}
      </div>
      <Newcomers {...newcomers} administers={administers} onAdmitted={pages.refresh} />
      <RowTable
        label={text.title}
        pages={pages}
        empty={text.noMatch}
        head={
          <>
            <th scope="col">{text.name}</th>
            <th scope="col">{text.role}</th>
            <th scope="col">{text.state}</th>
            <th scope="col" class="wide-only">
              {text.signsIn}
            </th>
            <th scope="col" class="wide-only">
              {text.email}
            </th>
            <th scope="col">{text.last}</th>
          </>
        }
      >
        {(person) => <PersonRow key={person.id} person={person} onOpen={setOpen} />}
      </RowTable>
      {inviting && <InviteDialog onInvited={newcomers.refresh} onClose={() => setInviting(false)} />}
      {adding && <AddPersonDialog onAdded={pages.refresh} onClose={() => setAdding(false)} />}
      {open !== null && (
        <PersonDialog person={open} onChanged={pages.refresh} onClose={() => setOpen(null)} />
      )}
    </main>
  );

  function isRole(value: string): value is UserRow["role"] {
    return Object.hasOwn(roles.names, value);
  }
}
