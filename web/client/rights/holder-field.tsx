import { useEffect, useId, useState } from "preact/hooks";
import type { GrantRow } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { TYPING_MS } from "../components/use-row-pages.ts";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

const SHOWN = 6;

/** A person or a group, by its name: no two have the same. */
export type Holder = Pick<GrantRow["to"], "kind" | "name">;

interface HolderFieldProps {
  readonly label: string;
  readonly chosen: Holder | null;
  readonly onChoose: (holder: Holder | null) => void;
  /** Groups cannot be chosen. */
  readonly peopleOnly?: boolean;
  /** What is missing; null: nothing. */
  readonly fault?: string | null;
}

/** Finds a person, or a group, by a part of the name. */
export function HolderField({ label, chosen, onChoose, peopleOnly = false, fault = null }: HolderFieldProps) {
  const { api } = useApp();
  const all = useText();
  const { grants: text } = all;
  const id = useId();
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<readonly Holder[] | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const search = typed.trim();
  useEffect(() => {
    setFound(null);
    if (search === "" || chosen !== null) return;
    const abort = new AbortController();
    const ask = async () => {
      const query = { search, limit: SHOWN };
      const [groups, people] = await Promise.all([
        peopleOnly ? [] : api.groups(query, abort.signal),
        api.people(query, abort.signal),
      ]);
      if (abort.signal.aborted) return;
      setFailed(null);
      setFound([
        ...groups.map(({ name }) => ({ kind: "group" as const, name })),
        ...people.map(({ name }) => ({ kind: "user" as const, name })),
      ]);
    };
    const timer = window.setTimeout(() => {
      ask().catch((error: unknown) => {
        if (!abort.signal.aborted) setFailed(error);
      });
    }, TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [api, search, chosen, peopleOnly]);

  const note =
    fault ??
    (failed !== null
      ? explainError(failed, all)
      : found?.length === 0
        ? peopleOnly
          ? text.memberNone
          : text.holderNone
        : peopleOnly
          ? text.memberHint
          : text.holderHint);
  if (chosen !== null)
    return (
      <div class="field">
        <span class="field-name">{label}</span>
        <div class="holder-chosen">
          <HolderName holder={chosen} />
          <button type="button" class="button small" onClick={() => onChoose(null)}>
            {text.another}
          </button>
        </div>
      </div>
    );
  return (
    <div class={fault === null ? "field" : "field wrong"}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type="search"
        autocomplete="off"
        maxLength={64}
        value={typed}
        aria-invalid={fault !== null}
        aria-describedby={`${id}-note`}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      <small id={`${id}-note`} role="status">
        {note}
      </small>
      {found !== null && found.length > 0 && (
        <ul class="holder-list">
          {found.map((holder) => (
            <li key={`${holder.kind} ${holder.name}`}>
              <button
                type="button"
                class="menu-item"
                aria-label={text.choose(holder.name)}
                onClick={() => {
                  setTyped("");
                  onChoose(holder);
                }}
              >
                <HolderName holder={holder} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** A name, with what it is the name of. */
export function HolderName({ holder }: { readonly holder: Holder }) {
  const { grants: text } = useText();
  return (
    <span class="holder">
      <Icon name={holder.kind === "group" ? "group" : "person"} />
      <span>{holder.name}</span>
      <small>{holder.kind === "group" ? text.group : text.person}</small>
    </span>
  );
}
