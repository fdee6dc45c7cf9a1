import type { ComponentChildren } from "preact";
import { useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { Pager } from "./pager.tsx";
import type { RowPages } from "./use-row-pages.ts";

interface RowTableProps<Row> {
  /** What is listed. */
  readonly label: string;
  readonly pages: RowPages<Row>;
  /** Instead of a table without rows. */
  readonly empty: string;
  /** The cells of the head. */
  readonly head: ComponentChildren;
  readonly children: (row: Row) => ComponentChildren;
}

/** A long list as a table, a page at a time; while it loads, fails or has nothing to show it says so. */
export function RowTable<Row>({ label, pages, empty, head, children: show }: RowTableProps<Row>) {
  const all = useText();
  const { rows, fault } = pages;
  return (
    <>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {rows === null && fault === null && <p role="status">{all.loading}</p>}
      {rows?.length === 0 && <p class="panel-empty">{empty}</p>}
      {rows !== null && rows.length > 0 && (
        <div class="table-box" role="region" aria-label={label} tabIndex={0}>
          <table>
            <thead>
              <tr>{head}</tr>
            </thead>
            <tbody>{rows.map(show)}</tbody>
          </table>
        </div>
      )}
      <Pager label={label} pages={pages} />
    </>
  );
}
