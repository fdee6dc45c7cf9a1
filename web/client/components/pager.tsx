import { useText } from "../state/app-context.ts";
import type { RowPages } from "./use-row-pages.ts";

interface PagerProps {
  /** What is listed. */
  readonly label: string;
  readonly pages: RowPages<unknown>;
}

/** Which rows of a long list are shown, and the way to the others. */
export function Pager({ label, pages }: PagerProps) {
  const { people: text } = useText();
  const { rows, before, more, next, previous } = pages;
  if (rows === null) return null;
  const several = before > 0 || more;
  return (
    <nav class="pager" aria-label={label}>
      {several && (
        <button type="button" class="button" disabled={before === 0} onClick={previous}>
          {text.previous}
        </button>
      )}
      <span class="sessions-count" aria-live="polite">
        {rows.length > 0 && text.shown(before + 1, before + rows.length, more)}
      </span>
      {several && (
        <button type="button" class="button" disabled={!more} onClick={next}>
          {text.next}
        </button>
      )}
    </nav>
  );
}
