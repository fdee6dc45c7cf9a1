import type { GrantRow } from "../../api/schemas.ts";
import { useText } from "../state/app-context.ts";
import { hasPattern, nameTarget } from "./describe-grant.ts";
import { HolderName } from "./holder-field.tsx";

interface GrantListProps {
  readonly grants: readonly GrantRow[];
  /** They are all of one holder, who is named already. */
  readonly ofOne?: boolean;
  /** Null: nothing is removed here. */
  readonly onRemove: ((grant: GrantRow) => void) | null;
}

/** A few grants, each as a sentence. */
export function GrantList({ grants, ofOne = false, onRemove }: GrantListProps) {
  const all = useText();
  const { grants: text } = all;
  return (
    <ul class="grant-list">
      {grants.map((grant) => (
        <li key={grant.id} data-may={grant.may}>
          {!ofOne && <HolderName holder={grant.to} />}
          <span class="grant-says">
            <strong>{text.levels[grant.may]}</strong> {nameTarget(grant, all)}
            {hasPattern(grant) && <small> {text.forEverything}</small>}
          </span>
          {onRemove !== null && (
            <button
              type="button"
              class="button small"
              aria-label={text.removeNamed(grant.to.name, nameTarget(grant, all))}
              onClick={() => onRemove(grant)}
            >
              {text.remove}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
