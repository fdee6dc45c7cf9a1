import { useEffect, useState } from "preact/hooks";
import type { UserRow } from "../../api/schemas.ts";
import { useApp } from "../state/app-context.ts";

/** No more rows stand in the page at a time, however many people there are. */
const PAGE_ROWS = 50;
/** While somebody types, only the last text is looked up. */
const TYPING_MS = 150;

export interface PeopleFilter {
  readonly search: string;
  readonly role: UserRow["role"] | "";
  readonly state: UserRow["state"] | "all";
}

/** Null: one page up to here. */
interface PeoplePlace {
  /** The last names of the pages before this one. */
  readonly passed: readonly string[];
}

interface PeopleList {
  /** Null: not loaded yet. */
  readonly rows: readonly UserRow[] | null;
  readonly fault: unknown;
  /** How many people the pages before have. */
  readonly before: number;
  readonly more: boolean;
  readonly next: () => void;
  readonly previous: () => void;
  readonly refresh: () => void;
}

/** One page of the people that a filter selects, by name. */
export function usePeople({ search, role, state }: PeopleFilter): PeopleList {
  const { api } = useApp();
  const [{ passed }, setPlace] = useState<PeoplePlace>({ passed: [] });
  const [found, setFound] = useState<readonly UserRow[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const after = passed.at(-1);

  useEffect(() => setPlace({ passed: [] }), [search, role, state]);
  useEffect(() => {
    const abort = new AbortController();
    const load = () => {
      const query = {
        ...(search.trim() !== "" && { search: search.trim() }),
        ...(role !== "" && { role }),
        ...(state !== "all" && { state }),
        ...(after !== undefined && { after }),
        limit: PAGE_ROWS + 1,
      };
      api.people(query, abort.signal).then(
        (rows) => {
          setFound(rows);
          setFault(null);
        },
        (error: unknown) => {
          if (!abort.signal.aborted) setFault(error);
        },
      );
    };
    const timer = window.setTimeout(load, search === "" ? 0 : TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [api, search, role, state, after, round]);

  const rows = found === null ? null : found.slice(0, PAGE_ROWS);
  const last = rows?.at(-1)?.name;
  return {
    rows,
    fault,
    before: passed.length * PAGE_ROWS,
    more: (found?.length ?? 0) > PAGE_ROWS,
    next: () => {
      if (last !== undefined) setPlace({ passed: [...passed, last] });
    },
    previous: () => setPlace({ passed: passed.slice(0, -1) }),
    refresh: () => setRound((count) => count + 1),
  };
}
