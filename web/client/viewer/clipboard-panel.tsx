import type RFB from "@novnc/novnc";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { CopyButton } from "../components/copy-button.tsx";
import { useText } from "../state/app-context.ts";
import type { DesktopKeyboard } from "./desktop-keyboard.ts";
import { countExcessBytes } from "./clipboard-text.ts";
import { describeUntyped } from "./untyped.ts";

interface ClipboardPanelProps {
  readonly rfb: RFB;
  readonly keyboard: DesktopKeyboard;
  readonly received: string;
}

export function ClipboardPanel({ rfb, keyboard, received }: ClipboardPanelProps) {
  const text = useText();
  const { viewer, copy } = text;
  const id = useId();
  const [value, setValue] = useState(received);
  const box = useRef<HTMLTextAreaElement>(null);
  const [notice, setNotice] = useState<string | null>(null);
  const share = () => {
    const excess = countExcessBytes(value);
    setNotice(excess > 0 ? viewer.clipboardTooLong(excess) : null);
    if (excess === 0) rfb.clipboardPasteFrom(value);
  };
  useEffect(() => setValue(received), [received]);
  useEffect(() => {
    box.current?.focus();
    return () => keyboard.stop();
  }, [keyboard]);
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
        <button type="button" class="button primary" onClick={share}>
          {viewer.clipboardSend}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            keyboard.stop();
            setNotice(describeUntyped(keyboard.type(value), text));
          }}
        >
          {viewer.clipboardType}
        </button>
        <CopyButton value={value} label={copy} />
      </div>
      <p class="fine" role="status">
        {notice}
      </p>
    </div>
  );
}
