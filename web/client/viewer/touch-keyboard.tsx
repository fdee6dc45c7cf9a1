import type RFB from "@novnc/novnc";
import { useEffect, useRef } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { BACKSPACE, findKeysym, RETURN } from "./keysyms.ts";

/** An invisible field that makes a phone show its keyboard. Its input is sent to the desktop as keys. */
export function TouchKeyboard({ rfb, onLeave }: { readonly rfb: RFB; readonly onLeave: () => void }) {
  const { viewer } = useText();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const take = (event: InputEvent) => {
    event.preventDefault();
    if (event.inputType === "deleteContentBackward") rfb.sendKey(BACKSPACE.keysym, BACKSPACE.code);
    else if (event.inputType === "insertLineBreak") rfb.sendKey(RETURN.keysym, RETURN.code);
    else for (const character of event.data ?? "") rfb.sendKey(findKeysym(character), null);
  };
  return (
    <input
      ref={field}
      class="touch-keyboard"
      type="text"
      value=" "
      aria-label={viewer.keyboardInput}
      autocomplete="off"
      autocapitalize="none"
      autocorrect="off"
      spellcheck={false}
      onBeforeInput={take}
      onBlur={onLeave}
    />
  );
}
