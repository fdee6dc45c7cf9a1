import { useLayoutEffect, useRef } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { ComposedField } from "./composed-field.ts";
import type { DesktopKeyboard } from "./desktop-keyboard.ts";
import type { Untyped } from "./type-text.ts";

interface TypingFieldProps {
  readonly keyboard: DesktopKeyboard;
  readonly className: string;
  readonly id?: string;
  readonly focus?: boolean;
  readonly onUntyped: (untyped: Untyped) => void;
}

/** A field whose input is typed at the desktop: for phones' keyboards and for input methods, which need one. */
export function TypingField({ keyboard, className, id, focus = false, onUntyped }: TypingFieldProps) {
  const { viewer } = useText();
  const field = useRef<HTMLInputElement>(null);
  const latest = useRef(onUntyped);
  latest.current = onUntyped;
  const composed = useRef<ComposedField | null>(null);
  composed.current ??= new ComposedField((text) => latest.current(keyboard.type(text)));
  const follow = composed.current;
  // Before the browser paints: what is typed at once arrives, and a phone shows its keyboard only as part of the touch.
  useLayoutEffect(() => {
    if (field.current === null) return;
    follow.reset(field.current);
    if (focus) field.current.focus();
  }, [follow, focus]);
  return (
    <input
      ref={field}
      id={id}
      class={className}
      type="text"
      aria-label={id === undefined ? viewer.keyboardInput : undefined}
      autocomplete="off"
      autocapitalize="none"
      autocorrect="off"
      spellcheck={false}
      onBeforeInput={(event: InputEvent) => {
        if (event.inputType !== "insertLineBreak") return;
        event.preventDefault();
        latest.current(keyboard.type("\n"));
        if (field.current !== null) follow.reset(field.current);
      }}
      onInput={(event) => follow.update(event.currentTarget)}
      onCompositionStart={() => follow.startComposition()}
      onCompositionEnd={(event) => follow.endComposition(event.currentTarget)}
    />
  );
}
