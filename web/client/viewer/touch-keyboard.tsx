import { useEffect, useRef, useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import type { DesktopKeyboard } from "./desktop-keyboard.ts";
import { ARROW_KEYS, FUNCTION_KEYS, HOLDABLE_KEYS, SINGLE_KEYS, type Key } from "./keysyms.ts";
import { StickyKeys, type StickyState } from "./sticky-keys.ts";
import type { Untyped } from "./type-text.ts";
import { TypingField } from "./typing-field.tsx";

interface TouchKeyboardProps {
  readonly keyboard: DesktopKeyboard;
  readonly onUntyped: (untyped: Untyped) => void;
  readonly onLeave: () => void;
}

/** The page ends above the phone's own keyboard, which lies over it. */
function followVisibleArea(page: HTMLElement): () => void {
  const area = window.visualViewport;
  if (area === null) return () => undefined;
  const fit = () => {
    page.style.height = `${area.height}px`;
    page.style.top = `${area.offsetTop}px`;
  };
  fit();
  area.addEventListener("resize", fit);
  area.addEventListener("scroll", fit);
  return () => {
    area.removeEventListener("resize", fit);
    area.removeEventListener("scroll", fit);
    page.style.height = "";
    page.style.top = "";
  };
}

/** The keys that a phone's keyboard has not, and the field that opens it. */
export function TouchKeyboard({ keyboard, onUntyped, onLeave }: TouchKeyboardProps) {
  const { viewer } = useText();
  const box = useRef<HTMLDivElement>(null);
  const [more, setMore] = useState(false);
  const [states, setStates] = useState<ReadonlyMap<string, StickyState>>(new Map());
  const sticky = useRef<StickyKeys | null>(null);
  sticky.current ??= new StickyKeys({
    hold: (key, down) => keyboard.hold(key, down),
    onChange: setStates,
  });
  const held = sticky.current;
  useEffect(() => {
    const page = box.current?.parentElement;
    const unfollow = page ? followVisibleArea(page) : () => undefined;
    return () => {
      unfollow();
      held.releaseAll();
    };
  }, [held]);
  const press = (key: Key) => {
    keyboard.press(key);
    held.noteKey();
  };
  const leave = (event: FocusEvent) => {
    if (!(event.relatedTarget instanceof Node && box.current?.contains(event.relatedTarget) === true))
      onLeave();
  };
  const stickyTitle = { once: viewer.stickyOnce, locked: viewer.stickyLocked };
  const button = (key: Key, onClick: () => void, state?: StickyState) => (
    <button
      key={key.code}
      type="button"
      class="button"
      aria-pressed={HOLDABLE_KEYS.includes(key) ? state !== undefined : undefined}
      title={state && stickyTitle[state]}
      data-sticky={state}
      onClick={onClick}
    >
      {key.label}
    </button>
  );
  return (
    <div
      class="touch-keys"
      ref={box}
      role="group"
      aria-label={viewer.keyboard}
      // The field keeps the focus, and with it the phone's keyboard.
      onMouseDown={(event) => {
        if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
      }}
      onFocusOut={leave}
      onKeyDown={(event) => {
        if (event.key === "Escape") onLeave();
      }}
    >
      <div class="touch-key-row">
        {HOLDABLE_KEYS.map((key) => button(key, () => held.touch(key), states.get(key.code)))}
        {[...SINGLE_KEYS, ...ARROW_KEYS].map((key) => button(key, () => press(key)))}
        <button type="button" class="button" aria-expanded={more} onClick={() => setMore(!more)}>
          F1–F12
        </button>
      </div>
      {more && <div class="touch-key-row">{FUNCTION_KEYS.map((key) => button(key, () => press(key)))}</div>}
      <TypingField
        keyboard={keyboard}
        className="touch-keyboard"
        focus
        onUntyped={(untyped) => {
          held.noteKey();
          onUntyped(untyped);
        }}
      />
    </div>
  );
}
