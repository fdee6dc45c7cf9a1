import { useEffect, useState } from "preact/hooks";
import { usePreferences } from "../state/context.ts";
import { formatExact, formatRelative } from "../text/format.ts";

/** The time, drawn again every `everyMs`. */
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
