import { useEffect, useState } from "preact/hooks";

/** No more rows stand in the page at a time, however many there are. */
const PAGE_ROWS = 50;
/** While somebody types, only the last text is looked up. */
export const TYPING_MS = 150;

interface RowPage {
  /** The key of the last row of the page before; absent: this is the first. */
  readonly after?: string;
  readonly limit: number;
}

export interface RowPages<Row> {
  /** Null: not loaded yet. */
  readonly rows: readonly Row[] | null;
  readonly fault: unknown;
  /** How many rows the pages before have. */
  readonly before: number;
  readonly more: boolean;
  readonly next: () => void;
  readonly previous: () => void;
  readonly refresh: () => void;
}

interface RowSource<Row> {
  readonly load: (page: RowPage, signal: AbortSignal) => Promise<readonly Row[]>;
  /** What `after` is of a row. */
  readonly keyOf: (row: Row) => string;
  /** What the rows depend on: with another text the pages begin anew. */
  readonly filter: string;
}

/** One page of rows that the server lists by a key. */
export function useRowPages<Row>({ load, keyOf, filter }: RowSource<Row>): RowPages<Row> {
  const [passed, setPassed] = useState<readonly string[]>([]);
  const [found, setFound] = useState<readonly Row[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const after = passed.at(-1);

  useEffect(() => setPassed([]), [filter]);
  useEffect(() => {
    const abort = new AbortController();
    const ask = () => {
      load({ limit: PAGE_ROWS + 1, ...(after !== undefined && { after }) }, abort.signal).then(
        (rows) => {
          setFound(rows);
          setFault(null);
        },
        (error: unknown) => {
          if (!abort.signal.aborted) setFault(error);
        },
      );
    };
    const timer = window.setTimeout(ask, found === null ? 0 : TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [filter, after, round]);

  const rows = found === null ? null : found.slice(0, PAGE_ROWS);
  const last = rows?.at(-1);
  return {
    rows,
    fault,
    before: passed.length * PAGE_ROWS,
    more: (found?.length ?? 0) > PAGE_ROWS,
    next: () => {
      if (last !== undefined) setPassed([...passed, keyOf(last)]);
    },
    previous: () => setPassed(passed.slice(0, -1)),
    refresh: () => setRound((count) => count + 1),
  };
}
