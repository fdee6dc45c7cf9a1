import { isOff, isStarting } from "../../../protocol/mip2/machine-state.ts";
import type { Machine } from "../../api/schemas.ts";
import { useNow } from "../components/time.tsx";
import { followLink } from "../page-route.ts";
import { allows } from "../state/access.ts";
import { useText } from "../state/app-context.ts";
import { explainReason } from "../text/explain-reason.ts";
import type { MachineActions } from "../machine/use-machine-actions.ts";
import { explainRefusal } from "./explain-refusal.ts";
import type { ViewerConnectionState } from "./viewer-connection-state.ts";

interface ViewerMessageProps {
  readonly name: string;
  readonly connection: ViewerConnectionState;
  readonly machine: Machine | null;
  readonly actions: MachineActions;
  readonly onRetry: () => void;
}

function Countdown({ connection, onRetry }: Pick<ViewerMessageProps, "connection" | "onRetry">) {
  const { viewer } = useText();
  const now = useNow(250);
  const seconds = connection.phase === "waiting" ? Math.ceil((connection.retryAt - now) / 1000) : 0;
  return (
    <>
      <p class="count">
        <span>{viewer.retryIn(seconds)}</span>
        <span class="aside">{viewer.attempt(connection.attempt)}</span>
      </p>
      <button
        type="button"
        class="button primary"
        disabled={connection.phase !== "waiting"}
        onClick={onRetry}
      >
        {viewer.retryNow}
      </button>
    </>
  );
}

/** The message over the greyed picture: what happened, what happens next, and what the person can do. */
export function ViewerMessage({ name, connection, machine, actions, onRetry }: ViewerMessageProps) {
  const text = useText();
  const { viewer } = text;
  const state = machine?.state;
  const mayAct = machine !== null && allows(machine.access, "control");
  const away = machine?.reachable === false;
  const off = state !== undefined && isOff(state);
  const starting = machine?.desktopId === null && isStarting(machine.state);

  const failure = connection.phase === "open" ? null : connection.failure;
  const silence = connection.phase === "open" ? connection.silence : null;

  let title = viewer.connecting;
  if (away) title = viewer.machineAway(name);
  else if (state === "stopped") title = viewer.off(name);
  else if (state === "failed") title = viewer.failed(name);
  else if (state === "stopping") title = viewer.stopping(name);
  else if (state === "paused") title = viewer.paused(name);
  else if (state === "saving") title = viewer.saving(name);
  else if (starting) title = viewer.starting(name);
  else if (failure !== null) title = viewer[failure.cause];
  else if (silence !== null) title = silence === "server" ? viewer.unreachable : viewer.hostSilent;
  const quiet = away || off || starting || state === "stopping" || state === "paused" || state === "saving";

  return (
    <div class="viewer-message">
      <div role="status">
        <h2>{title}</h2>
        {away && <p>{viewer.machineAwayHint}</p>}
        {state === "stopped" && !away && mayAct && <p>{viewer.offHint}</p>}
        {state === "failed" && (
          <p>{(machine && explainReason(machine, text)) ?? text.monitor.failedUnknown}</p>
        )}
        {!quiet && typeof failure?.detail === "string" && <p>{explainRefusal(failure.detail, text)}</p>}
        {!quiet && silence !== null && <p>{viewer.silentHint}</p>}
      </div>
      {off && !away && mayAct && (
        <button type="button" class="button primary" disabled={actions.busy} onClick={actions.start}>
          {state === "failed" ? text.tryAgain : text.monitor.start}
        </button>
      )}
      {state === "paused" && !away && mayAct && (
        <button
          type="button"
          class="button primary"
          disabled={actions.busy}
          onClick={() => actions.sendCommand("resume")}
        >
          {text.machines.resume}
        </button>
      )}
      {!quiet && connection.phase !== "open" && connection.attempt > 0 && (
        <Countdown connection={connection} onRetry={onRetry} />
      )}
      <a class="button quiet" href="/" onClick={followLink}>
        {text.back}
      </a>
    </div>
  );
}
