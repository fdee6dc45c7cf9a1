import type { Desktop, Machine } from "../../api/schemas.ts";
import { Since } from "../components/time.tsx";
import { useText } from "../state/app-context.ts";

interface StateSummaryProps {
  readonly state: Machine["state"] | Desktop["state"];
  /** False: `state` is the last that is known. */
  readonly reachable?: boolean;
  readonly since: number | null;
  readonly viewers: number;
}

/** One line about the state: a dot, its name, since when, and who is connected. */
export function StateSummary({ state, reachable = true, since, viewers }: StateSummaryProps) {
  const text = useText();
  return (
    <p class="state-line" data-state={reachable ? state : "offline"}>
      <span class="dot" aria-hidden="true" />
      <span class="state-word">{reachable ? text.state[state] : text.monitor.notConnected}</span>
      {!reachable && <span class="aside">{text.monitor.lastKnown(text.state[state])}</span>}
      {reachable && since !== null && (
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
