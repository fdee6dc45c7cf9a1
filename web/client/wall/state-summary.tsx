import type { Desktop, Machine } from "../../api/schemas.ts";
import { Since } from "../components/time.tsx";
import { useText } from "../state/app-context.ts";

interface StateSummaryProps {
  readonly state: Machine["state"] | Desktop["state"];
  readonly since: number | null;
  readonly viewers: number;
}

/** One line about the state: a dot, its name, since when, and who is connected. */
export function StateSummary({ state, since, viewers }: StateSummaryProps) {
  const text = useText();
  return (
    <p class="state-line" data-state={state}>
      <span class="dot" aria-hidden="true" />
      <span class="state-word">{text.state[state]}</span>
      {since !== null && (
        <span class="aside">
          <Since at={since} />
        </span>
      )}
      {viewers > 0 && (
        <span class="aside" title={text.monitor.viewers(viewers)}>
          {text.monitor.connected(viewers)}
        </span>
      )}
    </p>
  );
}
