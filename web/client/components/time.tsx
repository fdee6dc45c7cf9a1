import { useEffect, useState } from "preact/hooks";
import { usePreferences, useText } from "../state/app-context.ts";
import { formatDuration, formatExact, formatRelative } from "../text/format.ts";

/** The current time, updated every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago, with the exact time on hover. */
export function Ago({ at }: { readonly at: number }) {
  const { language } = usePreferences();
  const now = useNow(10_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at, language)}>
      {formatRelative(at, now, language)}
    </time>
  );
}

/** A duration, with the exact start time on hover. */
export function Since({ at }: { readonly at: number }) {
  const { monitor } = useText();
  const { language } = usePreferences();
  const now = useNow(10_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at, language)}>
      {now - at < 60_000 ? monitor.justNow : monitor.since(formatDuration(now - at, language))}
    </time>
  );
}
