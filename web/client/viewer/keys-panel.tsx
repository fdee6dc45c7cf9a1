import type RFB from "@novnc/novnc";
import { useEffect, useRef, useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { FUNCTION_KEYS, HOLDABLE_KEYS, SINGLE_KEYS, type Key } from "./keysyms.ts";

/** Keys that the browser or the system intercepts. Held keys are released when the panel closes. */
export function KeysPanel({ rfb }: { readonly rfb: RFB }) {
  const { viewer } = useText();
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
    </div>
  );
}
