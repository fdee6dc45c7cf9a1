import { useState } from "preact/hooks";
import type { GroupRow } from "../../api/schemas.ts";
import { OWN_SOURCE } from "../api/server-values.ts";
import { Icon } from "../components/icon.tsx";
import { RowTable } from "../components/row-table.tsx";
import { useRowPages } from "../components/use-row-pages.ts";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { AddGroupDialog } from "./add-group-dialog.tsx";
import { GroupDialog } from "./group-dialog.tsx";
import { describeLimits } from "./group-limits.ts";

/** All groups of people, for administrators and auditors. */
export function GroupsPage() {
  const { api } = useApp();
  const all = useText();
  const { groups: text } = all;
  const administers = usePower("administer");
  const [search, setSearch] = useState("");
  const [open, setOpen] = useState<GroupRow | null>(null);
  const [adding, setAdding] = useState(false);
  const wanted = search.trim();
  const pages = useRowPages<GroupRow>({
    load: (page, signal) => api.groups({ ...page, ...(wanted !== "" && { search: wanted }) }, signal),
    keyOf: ({ name }) => name,
    filter: wanted,
  });

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
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        {administers && (
          <button type="button" class="button primary head-end" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            {text.add}
          </button>
        )}
      </div>
      <RowTable
        label={text.title}
        pages={pages}
        empty={wanted === "" ? text.empty : text.noMatch}
        head={
          <>
            <th scope="col">{text.name}</th>
            <th scope="col">{text.members}</th>
            <th scope="col" class="wide-only">
              {text.source}
            </th>
            <th scope="col" class="wide-only">
              {text.limits}
            </th>
          </>
        }
      >
        {(group) => (
          <tr key={group.id}>
            <th scope="row">
              <button
                type="button"
                class="row-link"
                aria-label={text.open(group.name)}
                onClick={() => setOpen(group)}
              >
                {group.name}
              </button>
            </th>
            <td class="number">{group.members}</td>
            <td class="wide-only">
              {group.source === OWN_SOURCE ? text.own : text.byProvider(group.source)}
            </td>
            <td class="wide-only">{describeLimits(group.limits, all) || text.noLimits}</td>
          </tr>
        )}
      </RowTable>
      {adding && <AddGroupDialog onAdded={pages.refresh} onClose={() => setAdding(false)} />}
      {open !== null && <GroupDialog group={open} onChanged={pages.refresh} onClose={() => setOpen(null)} />}
    </main>
  );
}
