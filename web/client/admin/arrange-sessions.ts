import type { Session } from "../../api/schemas.ts";

export type SessionColumn =
  "name" | "person" | "state" | "method" | "role" | "source" | "startedAt" | "duration" | "traffic" | "cause";

export interface SessionView {
  readonly filter: string;
  readonly state: "all" | Session["state"];
  readonly column: SessionColumn;
  readonly descending: boolean;
}

export const initialSessionView: SessionView = {
  filter: "",
  state: "all",
  column: "startedAt",
  descending: true,
};

export const computeDuration = (session: Session, now: number) =>
  (session.endedAt ?? now) - session.startedAt;
export const computeTraffic = (session: Session) => session.bytesToViewer + session.bytesToServer;

function readColumn(session: Session, column: SessionColumn, now: number): string | number {
  if (column === "duration") return computeDuration(session, now);
  if (column === "traffic") return computeTraffic(session);
  return session[column] ?? "";
}

/** The rows that `view` selects, in its order. */
export function arrangeSessions(sessions: readonly Session[], view: SessionView, now: number): Session[] {
  const wanted = view.filter.trim().toLowerCase();
  const direction = view.descending ? -1 : 1;
  return sessions
    .filter((session) => view.state === "all" || session.state === view.state)
    .filter(({ name, person, source, cause }) =>
      [name, person ?? "", source, cause ?? ""].some((field) => field.toLowerCase().includes(wanted)),
    )
    .sort((a, b) => {
      const left = readColumn(a, view.column, now);
      const right = readColumn(b, view.column, now);
      const order =
        typeof left === "number" && typeof right === "number"
          ? left - right
          : String(left).localeCompare(String(right));
      return order * direction || b.startedAt - a.startedAt;
    });
}
