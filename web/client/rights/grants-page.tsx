import { useState } from "preact/hooks";
import type { GrantRow } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { Pager } from "../components/pager.tsx";
import { Ago } from "../components/time.tsx";
import { useRowPages } from "../components/use-row-pages.ts";
import { nameTarget, type GrantKind } from "./describe-grant.ts";
import { GrantDialog } from "./grant-dialog.tsx";
import { HolderName } from "./holder-field.tsx";
import { RemoveGrant } from "./remove-grant.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";

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
  const { rows, fault, before, more, next, previous, refresh } = useRowPages<GrantRow>({
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
    refresh();
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
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {rows === null && fault === null && <p role="status">{all.loading}</p>}
      {rows?.length === 0 && <p class="panel-empty">{text.noMatch}</p>}
      {rows !== null && rows.length > 0 && (
        <div class="table-box" role="region" aria-label={text.title} tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{text.who}</th>
                <th scope="col">{text.may}</th>
                <th scope="col">{text.on}</th>
                <th scope="col" class="wide-only">
                  {text.since}
                </th>
                {administers && <th scope="col" aria-label={text.actions} />}
              </tr>
            </thead>
            <tbody>
              {rows.map((grant) => (
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
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows !== null && (
        <Pager
          label={text.title}
          count={rows.length}
          before={before}
          more={more}
          onNext={next}
          onPrevious={previous}
        />
      )}
      {act === "add" && <GrantDialog title={text.addTitle} {...common} />}
      {act !== null && act !== "add" && <RemoveGrant grant={act} {...common} />}
    </main>
  );

  function toKind(value: string): GrantKind | "" {
    return value in text.kinds ? (value as GrantKind) : "";
  }
}
