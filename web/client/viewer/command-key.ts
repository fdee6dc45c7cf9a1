import { useStoredChoice } from "../state/use-stored-choice.ts";

export const isMac = (): boolean => /Mac/.test(navigator.platform);

interface SwappedKey {
  readonly keysym: number;
  readonly code: string;
}

/** What a Mac's modifiers are when Cmd and Ctrl are swapped: Cmd is where Ctrl is on other keyboards. */
const SWAPPED: Readonly<Record<string, SwappedKey>> = {
  MetaLeft: { keysym: 0xffe3, code: "ControlLeft" },
  MetaRight: { keysym: 0xffe4, code: "ControlRight" },
  ControlLeft: { keysym: 0xffeb, code: "MetaLeft" },
  ControlRight: { keysym: 0xffec, code: "MetaRight" },
};

/** Null: this key stays as it is. */
export function swapCommandKey(code: string | null): SwappedKey | null {
  return code === null ? null : (SWAPPED[code] ?? null);
}

/** Whether Cmd is sent as Ctrl and Ctrl as Super, kept in this browser. Never but on a Mac. */
export function useCommandIsControl(): readonly [boolean, (on: boolean) => void] {
  const [swaps, choose] = useStoredChoice("postern.commandIsControl", ["yes", "no"], "no");
  return [isMac() && swaps === "yes", (on) => choose(on ? "yes" : "no")];
}
