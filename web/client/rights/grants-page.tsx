import { useState } from "preact/hooks";
import type { GrantRow } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { RowTable } from "../components/row-table.tsx";
import { Ago } from "../components/time.tsx";
import { useRowPages } from "../components/use-row-pages.ts";
import { nameTarget, type GrantKind } from "./describe-grant.ts";
import { GrantDialog } from "./grant-dialog.tsx";
import { HolderName } from "./holder-field.tsx";
import { RemoveGrant } from "./remove-grant.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";

/** All grants and denials, for administrators and auditors. */
export function GrantsPage() {
  const { api } = useApp();
  const all = useText();
  const { grants: text } = all;
  const administers = usePower("administer");
  const [search, setSearch] = useState("");
  const [kind, setKind] = useState<GrantKind | "">("");
  const [act, setAct] = useState<"add" | GrantRow | null>(null);
  const wanted = search.trim();
  const pages = useRowPages<GrantRow>({
    load: (page, signal) =>
      api.grants(
        { ...page, ...(kind !== "" && { target: kind }), ...(wanted !== "" && { search: wanted }) },
        signal,
      ),
    keyOf: ({ id }) => id,
    filter: `${kind} ${wanted}`,
  });
  const close = () => setAct(null);
  const done = () => {
    close();
    pages.refresh();
  };
  const common = { leave: all.cancel, onLeave: close, onDone: done, onClose: close };

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
        <select
          class="filter"
          aria-label={text.kind}
          value={kind}
          onChange={(event) => setKind(toKind(event.currentTarget.value))}
        >
          <option value="">{text.allKinds}</option>
          {Object.entries(text.kinds).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
        {administers && (
          <button type="button" class="button primary head-end" onClick={() => setAct("add")}>
            <Icon name="plus" />
            {text.add}
          </button>
        )}
      </div>
      <p class="lead">{text.lead}</p>
      <RowTable
        label={text.title}
        pages={pages}
        empty={wanted === "" && kind === "" ? text.empty : text.noMatch}
        head={
          <>
            <th scope="col">{text.who}</th>
            <th scope="col">{text.may}</th>
            <th scope="col">{text.on}</th>
            <th scope="col" class="wide-only">
              {text.since}
            </th>
            {administers && <th scope="col" aria-label={text.actions} />}
          </>
        }
      >
        {(grant) => (
          <tr key={grant.id} data-may={grant.may}>
            <th scope="row">
              <HolderName holder={grant.to} />
            </th>
            <td title={text.means[grant.may]}>{text.levels[grant.may]}</td>
            <td>{nameTarget(grant, all)}</td>
            <td class="wide-only">
              <Ago at={grant.createdAt} />
            </td>
            {administers && (
              <td>
                <button
                  type="button"
                  class="button small"
                  aria-label={text.removeNamed(grant.to.name, nameTarget(grant, all))}
                  onClick={() => setAct(grant)}
                >
                  {text.remove}
                </button>
              </td>
            )}
          </tr>
        )}
      </RowTable>
      {act === "add" && <GrantDialog title={text.addTitle} {...common} />}
      {act !== null && act !== "add" && <RemoveGrant grant={act} {...common} />}
    </main>
  );

  function toKind(value: string): GrantKind | "" {
    return value in text.kinds ? (value as GrantKind) : "";
  }
}
