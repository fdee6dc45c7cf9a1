import { useText } from "../state/app-context.ts";

interface PagerProps {
  /** What is listed. */
  readonly label: string;
  /** Rows on this page, and on those before it. */
  readonly count: number;
  readonly before: number;
  readonly more: boolean;
  readonly onNext: () => void;
  readonly onPrevious: () => void;
}

/** Which rows of a long list are shown, and the way to the others. */
export function Pager({ label, count, before, more, onNext, onPrevious }: PagerProps) {
  const { people: text } = useText();
  const several = before > 0 || more;
  return (
    <nav class="pager" aria-label={label}>
      {several && (
        <button type="button" class="button" disabled={before === 0} onClick={onPrevious}>
          {text.previous}
        </button>
      )}
      <span class="sessions-count" aria-live="polite">
        {count > 0 && text.shown(before + 1, before + count, more)}
      </span>
      {several && (
        <button type="button" class="button" disabled={!more} onClick={onNext}>
          {text.next}
        </button>
      )}
    </nav>
  );
}
