import { useEffect, useState } from "preact/hooks";
import { useApp, useText } from "../state/app-context.ts";
import { describeChanges } from "../state/announcements.ts";

/** Announces changes of the wall to screen readers, and shows errors to everybody. */
export function Notifications() {
  const { wall } = useApp();
  const text = useText();
  const [said, setSaid] = useState("");
  const [notice, setNotice] = useState<string | null>(wall.get().notice);

  useEffect(() => {
    let before = wall.get();
    return wall.subscribe(() => {
      const after = wall.get();
      const changes = before.loaded ? describeChanges(before, after, text) : [];
      before = after;
      if (changes.length > 0) setSaid(changes.join(" "));
      setNotice(after.notice);
    });
  }, [wall, text]);

  useEffect(() => {
    if (notice === null) return;
    const timer = window.setTimeout(() => wall.dispatch({ type: "notice", notice: null }), 10_000);
    return () => window.clearTimeout(timer);
  }, [notice, wall]);

  return (
    <>
      <div class="unseen" aria-live="polite">
        {said}
      </div>
      <div class="notice-place" role="alert">
        {notice !== null && (
          <div class="notice">
            <p>{notice}</p>
            <button
              type="button"
              class="button quiet"
              onClick={() => wall.dispatch({ type: "notice", notice: null })}
            >
              {text.close}
            </button>
          </div>
        )}
      </div>
    </>
  );
}
