import type RFB from "@novnc/novnc";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { CopyButton } from "../components/copy-button.tsx";
import { useText } from "../state/app-context.ts";
import { typeText } from "./type-text.ts";

export function ClipboardPanel({ rfb, received }: { readonly rfb: RFB; readonly received: string }) {
  const { viewer, copy } = useText();
  const id = useId();
  const [value, setValue] = useState(received);
  const box = useRef<HTMLTextAreaElement>(null);
  const stopTyping = useRef<() => void>(() => undefined);
  useEffect(() => setValue(received), [received]);
  useEffect(() => {
    box.current?.focus();
    return () => stopTyping.current();
  }, []);
  return (
    <div class="bar-panel clipboard-panel" role="group" aria-label={viewer.clipboard}>
      <label for={id}>{viewer.clipboardLabel}</label>
      <textarea
        ref={box}
        id={id}
        rows={5}
        spellcheck={false}
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <p class="fine">{viewer.clipboardHint}</p>
      <div class="key-row">
        <button type="button" class="button primary" onClick={() => rfb.clipboardPasteFrom(value)}>
          {viewer.clipboardSend}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            stopTyping.current();
            stopTyping.current = typeText(rfb, value);
          }}
        >
          {viewer.clipboardType}
        </button>
        <CopyButton value={value} label={copy} />
      </div>
    </div>
  );
}
