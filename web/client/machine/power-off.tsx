import type { Machine } from "../../api/schemas.ts";
import { useNow } from "../components/time.tsx";
import { allows } from "../state/access.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { formatDuration } from "../text/format.ts";
import type { MachineActions } from "./use-machine-actions.ts";

interface PowerOffProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
  readonly className?: string;
}

/** Of a machine that was asked to shut down: the seconds until it is switched off, and a button that cancels that. */
export function PowerOff({ machine, actions, className = "time-left" }: PowerOffProps) {
  const { machines, monitor } = useText();
  const { language } = usePreferences();
  const { name, state, powerOffAt, ending } = machine;
  const isCounting = state === "stopping" && powerOffAt !== null;
  const now = useNow(isCounting ? 500 : 60_000);
  if (!isCounting) return null;
  const seconds = Math.max(0, Math.ceil((powerOffAt - now) / 1000));
  return (
    <p class={className} data-soon="true">
      <span role="timer">{machines.powerOffIn(formatDuration(seconds * 1000, language))}</span>
      {!ending && seconds > 0 && allows(machine.access, "control") && (
        <button
          type="button"
          class="button small"
          aria-label={machines.keepNamed(name)}
          title={machine.reachable ? machines.keepHint : monitor.awayReason}
          disabled={actions.busy || !machine.reachable}
          onClick={() => actions.sendCommand("keep")}
        >
          {machines.keep}
        </button>
      )}
    </p>
  );
}
