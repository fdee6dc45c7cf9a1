import { useNow } from "../parts/time.tsx";
import { usePreferences, useText } from "../state/context.ts";
import { formatDuration } from "../text/format.ts";
import { lifeLeft } from "./held-tokens.ts";

const RADIUS = 13;
const ROUND = 2 * Math.PI * RADIUS;

/** A ring that shrinks with what is left of a token's life, and the time in words beside it. */
export function LifeRing({ madeAt, expiresAt }: { readonly madeAt: number; readonly expiresAt: number }) {
  const { native } = useText();
  const { language } = usePreferences();
  const now = useNow(1000);
  const left = lifeLeft({ madeAt, expiresAt }, now);
  return (
    <p class="life" data-low={left < 0.1}>
      <svg class="ring" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <circle class="ring-track" cx="16" cy="16" r={RADIUS} />
        <circle
          class="ring-left"
          cx="16"
          cy="16"
          r={RADIUS}
          strokeDasharray={`${ROUND}`}
          strokeDashoffset={`${ROUND * (1 - left)}`}
        />
      </svg>
      <span>{left > 0 ? native.left(formatDuration(expiresAt - now, language)) : native.expired}</span>
    </p>
  );
}
