import { findKeysym } from "./keysyms.ts";

interface KeySender {
  sendKey(keysym: number, code: string | null, down?: boolean): void;
}

/** A guest's keyboard controller buffers sixteen codes: faster than this, characters are lost. */
const KEY_INTERVAL_MS = 12;
const MAX_CHARACTERS = 10_000;

/** Types `text` as keys, one by one. Returns a function that stops it early. */
export function typeText(keyboard: KeySender, text: string): () => void {
  const characters = [...text.replaceAll("\r\n", "\n")].slice(0, MAX_CHARACTERS);
  let next = 0;
  const timer = window.setInterval(() => {
    const character = characters[next];
    next += 1;
    if (character === undefined) window.clearInterval(timer);
    else keyboard.sendKey(findKeysym(character), null);
  }, KEY_INTERVAL_MS);
  return () => window.clearInterval(timer);
}
