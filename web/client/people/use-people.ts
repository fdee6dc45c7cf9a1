import type { UserRow } from "../../api/schemas.ts";
import { useRowPages, type RowPages } from "../components/use-row-pages.ts";
import { useApp } from "../state/app-context.ts";

export interface PeopleFilter {
  readonly search: string;
  readonly role: UserRow["role"] | "";
  readonly state: UserRow["state"] | "all";
}

/** One page of the people that a filter selects, by name. */
export function usePeople({ search, role, state }: PeopleFilter): RowPages<UserRow> {
  const { api } = useApp();
  const wanted = search.trim();
  return useRowPages<UserRow>({
    load: (page, signal) => {
      const query = {
        ...page,
        ...(wanted !== "" && { search: wanted }),
        ...(role !== "" && { role }),
        ...(state !== "all" && { state }),
      };
      return api.people(query, signal);
    },
    keyOf: ({ name }) => name,
    filter: `${role} ${state} ${wanted}`,
  });
}
