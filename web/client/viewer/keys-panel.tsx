import type RFB from "@novnc/novnc";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { ChordList } from "./chord-list.tsx";
import { isMac } from "./command-key.ts";
import type { DesktopKeyboard } from "./desktop-keyboard.ts";
import { KEYBOARD_CHOICES, type KeyboardChoice } from "./keyboard-choice.ts";
import { FUNCTION_KEYS, HOLDABLE_KEYS, SINGLE_KEYS, type Key } from "./keysyms.ts";
import { TypingField } from "./typing-field.tsx";
import { describeUntyped } from "./untyped.ts";

interface KeysPanelProps {
  readonly rfb: RFB;
  readonly keyboard: DesktopKeyboard;
  readonly choice: KeyboardChoice;
  readonly onChoose: (choice: KeyboardChoice) => void;
  readonly commandIsControl: boolean;
  readonly onCommandIsControl: (on: boolean) => void;
}

/** Keys that the browser or the system intercepts. Held keys are released when the panel closes. */
export function KeysPanel({
  rfb,
  keyboard,
  choice,
  onChoose,
  commandIsControl,
  onCommandIsControl,
}: KeysPanelProps) {
  const text = useText();
  const { viewer } = text;
  const layoutId = useId();
  const fieldId = useId();
  const [untyped, setUntyped] = useState<string | null>(null);
  const [held, setHeld] = useState<readonly Key[]>([]);
  const latest = useRef(held);
  latest.current = held;
  useEffect(() => {
    return () => {
      for (const key of latest.current) rfb.sendKey(key.keysym, key.code, false);
    };
  }, [rfb]);

  const toggle = (key: Key) => {
    const down = !held.includes(key);
    rfb.sendKey(key.keysym, key.code, down);
    setHeld(down ? [...held, key] : held.filter((other) => other !== key));
  };

  const press = (key: Key) => rfb.sendKey(key.keysym, key.code);
  return (
    <div class="bar-panel keys-panel" role="group" aria-label={viewer.keys}>
      <div class="key-row">
        <button type="button" class="button" onClick={() => rfb.sendCtrlAltDel()}>
          Ctrl+Alt+Del
        </button>
        {SINGLE_KEYS.map((key) => (
          <button key={key.label} type="button" class="button" onClick={() => press(key)}>
            {key.label}
          </button>
        ))}
      </div>
      <h3>{viewer.held}</h3>
      <div class="key-row">
        {HOLDABLE_KEYS.map((key) => (
          <button
            key={key.label}
            type="button"
            class="button"
            aria-pressed={held.includes(key)}
            onClick={() => toggle(key)}
          >
            {key.label}
          </button>
        ))}
      </div>
      <h3>{viewer.functionKeys}</h3>
      <div class="key-row function-keys">
        {FUNCTION_KEYS.map((key) => (
          <button key={key.label} type="button" class="button" onClick={() => press(key)}>
            {key.label}
          </button>
        ))}
      </div>
      <ChordList rfb={rfb} />
      <label for={layoutId}>{viewer.layout}</label>
      <select
        id={layoutId}
        value={choice}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = KEYBOARD_CHOICES.find((one) => one === value);
          if (chosen !== undefined) onChoose(chosen);
        }}
      >
        {KEYBOARD_CHOICES.map((one) => (
          <option key={one} value={one}>
            {viewer.layouts[one]}
          </option>
        ))}
      </select>
      <p class="fine">{viewer.layoutHint}</p>
      {isMac() && (
        <label class="check">
          <input
            type="checkbox"
            checked={commandIsControl}
            onChange={(event) => onCommandIsControl(event.currentTarget.checked)}
          />
          {viewer.commandIsControl}
        </label>
      )}
      <label for={fieldId}>{viewer.typeHere}</label>
      <TypingField
        keyboard={keyboard}
        className="typing-field"
        id={fieldId}
        onUntyped={(result) => setUntyped(describeUntyped(result, text))}
      />
      <p class="fine" role="status">
        {untyped ?? viewer.typeHereHint}
      </p>
    </div>
  );
}
