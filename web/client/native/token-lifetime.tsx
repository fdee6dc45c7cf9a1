import { useNow } from "../components/time.tsx";
import { usePreferences, useText } from "../state/app-context.ts";
import { formatDuration } from "../text/format.ts";
import { remainingLifetimeShare } from "./token-cache.ts";

const RADIUS = 13;
const CIRCUMFERENCE = 2 * Math.PI * RADIUS;

/** A ring that shows the remaining share of a token's lifetime, and the time as text beside it. */
export function TokenLifetime({
  createdAt,
  expiresAt,
}: {
  readonly createdAt: number;
  readonly expiresAt: number;
}) {
  const { native } = useText();
  const { language } = usePreferences();
  const now = useNow(1000);
  const left = remainingLifetimeShare({ createdAt, expiresAt }, now);
  return (
    <p class="life" data-low={left < 0.1}>
      <svg class="ring" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <circle class="ring-track" cx="16" cy="16" r={RADIUS} />
        <circle
          class="ring-left"
          cx="16"
          cy="16"
          r={RADIUS}
          strokeDasharray={`${CIRCUMFERENCE}`}
          strokeDashoffset={`${CIRCUMFERENCE * (1 - left)}`}
        />
      </svg>
      <span>{left > 0 ? native.left(formatDuration(expiresAt - now, language)) : native.expired}</span>
    </p>
  );
}
