import type { Machine } from "../../api/schemas.ts";
import { useNow } from "../components/time.tsx";
import { allows } from "../state/access.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { formatDuration, formatExact } from "../text/format.ts";
import type { MachineActions } from "./use-machine-actions.ts";

interface TimeLeftProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
  readonly className?: string;
}

/** A machine's remaining time. In the last tenth it is highlighted, with a button to extend it. */
export function TimeLeft({ machine, actions, className = "time-left" }: TimeLeftProps) {
  const { machines } = useText();
  const { language } = usePreferences();
  const now = useNow(machine.expiresSoon ? 1000 : 10_000);
  const { name, expiresAt, expiresSoon, ending } = machine;
  if (expiresAt === null) return null;
  const left = machines.left(formatDuration(Math.max(0, expiresAt - now), language));
  return (
    <p class={className} data-soon={expiresSoon}>
      <time
        dateTime={new Date(expiresAt).toISOString()}
        title={machines.leftHint(formatExact(expiresAt, language))}
      >
        {ending ? machines.ending : left}
      </time>
      {expiresSoon && !ending && allows(machine.access, "control") && (
        <button
          type="button"
          class="button small"
          aria-label={machines.extendNamed(name)}
          disabled={actions.busy}
          onClick={() => actions.sendCommand("extend")}
        >
          {machines.extend}
        </button>
      )}
    </p>
  );
}
