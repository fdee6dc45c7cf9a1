import { useEffect, useState } from "preact/hooks";
import type { Session } from "../../api/schemas.ts";
import { explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Icon } from "../components/icon.tsx";
import { Ago, useNow } from "../components/time.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { lookUpText } from "../text/translations/languages.ts";
import { formatBytes, formatDuration } from "../text/format.ts";
import {
  arrangeSessions,
  initialSessionView,
  computeDuration,
  computeTraffic,
  type SessionColumn,
  type SessionView,
} from "./arrange-sessions.ts";

const REFRESH_MS = 5_000;
const LIMIT = 500;

/** The list, requested again every five seconds while the page is visible. */
function useSessions(): { sessions: readonly Session[] | null; fault: unknown; refresh: () => void } {
  const { api } = useApp();
  const [sessions, setSessions] = useState<readonly Session[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let live = true;
    let timer: number | undefined;
    const refresh = async () => {
      if (!document.hidden) {
        try {
          const list = await api.sessions(LIMIT);
          if (live) setSessions(list);
          if (live) setFault(null);
        } catch (error) {
          if (live) setFault(error);
        }
      }
      if (live) timer = window.setTimeout(() => void refresh(), REFRESH_MS);
    };
    void refresh();
    return () => {
      live = false;
      window.clearTimeout(timer);
    };
  }, [api, round]);
  return { sessions, fault, refresh: () => setRound((before) => before + 1) };
}

interface SessionRowProps {
  readonly session: Session;
  readonly now: number;
  /** Null: this person may only look. */
  readonly onEnd: ((session: Session) => void) | null;
}

function SessionRow({ session, now, onEnd }: SessionRowProps) {
  const text = useText().sessions;
  const { language } = usePreferences();
  return (
    <tr data-state={session.state}>
      <th scope="row">{session.name}</th>
      <td>
        {session.person !== null &&
          (session.method === "token" ? text.tokenOf(session.person) : session.person)}
      </td>
      <td>
        <span class="dot" aria-hidden="true" /> {session.state === "open" ? text.stateOpen : text.stateClosed}
      </td>
      <td>{text[session.method]}</td>
      <td>{text[session.role]}</td>
      <td class="mono">{session.source}</td>
      <td>
        <Ago at={session.startedAt} />
      </td>
      <td class="number">{formatDuration(computeDuration(session, now), language)}</td>
      <td class="number">{formatBytes(computeTraffic(session), language)}</td>
      <td title={session.cause ?? undefined}>
        {session.cause !== null && (lookUpText(text.causes, session.cause) ?? session.cause)}
      </td>
      <td>
        {session.state === "open" && onEnd !== null && (
          <button
            type="button"
            class="button small"
            onClick={() => {
              onEnd(session);
            }}
          >
            {text.end}
          </button>
        )}
      </td>
    </tr>
  );
}

interface EndDialogProps {
  readonly session: Session;
  readonly onClose: () => void;
  readonly onEnded: () => void;
}

function EndDialog({ session, onClose, onEnded }: EndDialogProps) {
  const { api } = useApp();
  const all = useText();
  const text = all.sessions;
  const [fault, setFault] = useState<unknown>(null);
  const end = async () => {
    try {
      await api.endSession(session.id);
      onEnded();
      onClose();
    } catch (error) {
      setFault(error);
    }
  };
  return (
    <Dialog title={text.endTitle(session.name)} onClose={onClose}>
      <p>{text.endLead}</p>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onClose}>
          {all.cancel}
        </button>
        <button type="button" class="button danger" onClick={() => void end()}>
          {text.endConfirm}
        </button>
      </div>
    </Dialog>
  );
}

export function SessionsPage() {
  const all = useText();
  const text = all.sessions;
  const now = useNow(1000);
  const operates = usePower("operate");
  const { sessions, fault, refresh } = useSessions();
  const [ending, setEnding] = useState<Session | null>(null);
  const [view, setView] = useState<SessionView>(initialSessionView);
  const columns: readonly (readonly [SessionColumn, string])[] = [
    ["name", text.desktop],
    ["person", text.person],
    ["state", text.state],
    ["method", text.way],
    ["role", text.role],
    ["source", text.source],
    ["startedAt", text.started],
    ["duration", text.duration],
    ["traffic", text.traffic],
    ["cause", text.cause],
  ];
  const rows = arrangeSessions(sessions ?? [], view, now);
  const sortBy = (column: SessionColumn) =>
    setView({
      ...view,
      column,
      descending: view.column === column ? !view.descending : column === "startedAt",
    });

  return (
    <main class="sessions" id="wall" tabIndex={-1}>
      <div class="sessions-head">
        <h1>{text.title}</h1>
        <Choices
          label={text.state}
          value={view.state}
          options={{ all: text.all, open: text.open, closed: text.closed }}
          onChoose={(state) => setView({ ...view, state })}
        />
        <input
          type="search"
          class="filter"
          aria-label={text.filter}
          placeholder={text.filterHint}
          value={view.filter}
          onInput={(event) => setView({ ...view, filter: event.currentTarget.value })}
        />
        <span class="sessions-count" aria-live="polite">
          {sessions !== null && text.count(rows.length)}
        </span>
      </div>
      {fault !== null && (
        <p class="fault" role="alert">
          {explainError(fault, all)}
        </p>
      )}
      {sessions === null && fault === null && <p role="status">{all.loading}</p>}
      {sessions !== null && rows.length === 0 && (
        <p class="panel-empty">{sessions.length === 0 ? text.empty : text.noMatch}</p>
      )}
      {rows.length > 0 && (
        <div class="table-box" role="region" aria-label={text.title} tabIndex={0}>
          <table>
            <thead>
              <tr>
                {columns.map(([column, label]) => {
                  const sorted = view.column === column;
                  return (
                    <th
                      key={column}
                      scope="col"
                      aria-sort={sorted ? (view.descending ? "descending" : "ascending") : undefined}
                    >
                      <button type="button" title={text.sortBy(label)} onClick={() => sortBy(column)}>
                        {label}
                        {sorted && <Icon name={view.descending ? "down" : "up"} />}
                      </button>
                    </th>
                  );
                })}
                <th scope="col" aria-label={text.actions} />
              </tr>
            </thead>
            <tbody>
              {rows.map((session) => (
                <SessionRow
                  key={session.id}
                  session={session}
                  now={now}
                  onEnd={operates ? setEnding : null}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {ending !== null && <EndDialog session={ending} onClose={() => setEnding(null)} onEnded={refresh} />}
    </main>
  );
}
