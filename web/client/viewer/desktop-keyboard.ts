import { swapCommandKey } from "./command-key.ts";
import type { Layout } from "./keyboard-layouts.ts";
import type { Key } from "./keysyms.ts";
import { LayoutKeyboard, type SendKey } from "./layout-keyboard.ts";
import { TextTyper, type Untyped } from "./type-text.ts";

/** The part of noVNC's RFB that takes keys. */
interface KeyTarget {
  sendKey(keysym: number, code: string | null, down?: boolean): void;
  readonly _qemuExtKeyEventSupported: boolean;
  readonly _supportsFence: boolean;
}

/** How keys reach one desktop. */
export interface KeyboardMode {
  /** The guest's layout, for text that is typed as keys. */
  readonly text: Layout;
  /** The guest's layout, for the person's keyboard. Null: keys go by their position. */
  readonly keys: Layout | null;
}

/**
 * Whether the server presses the keys it is told and nothing else, as QEMU does: others find the modifiers for a character
 * themselves. TigerVNC's server takes key codes too, and knows Fence.
 */
function takesKeysAlone(rfb: KeyTarget): boolean {
  return rfb._qemuExtKeyEventSupported && !rfb._supportsFence;
}

/** The keyboard of one noVNC connection: what the person types, and text that is typed for them. */
export class DesktopKeyboard {
  mode: KeyboardMode = { text: "us", keys: null };
  /** Cmd is sent as Ctrl, and Ctrl as Super. */
  swapsCommand = false;
  /** Told of a character that was typed and that the desktop's keyboard has not. */
  onMissing: (character: string) => void = () => undefined;
  readonly #rfb: KeyTarget;
  readonly #typer: TextTyper;
  readonly #send: SendKey;
  #translator: { readonly layout: Layout; readonly keyboard: LayoutKeyboard } | null = null;

  /** From now on keys of the screen go this way. */
  constructor(rfb: KeyTarget) {
    this.#rfb = rfb;
    const send = rfb.sendKey.bind(rfb);
    this.#send = (keysym, code, down) => send(keysym, code, down);
    this.#typer = new TextTyper(this.#send);
    rfb.sendKey = (keysym, code, down) => {
      const key = (this.swapsCommand ? swapCommandKey(code) : null) ?? { keysym, code };
      for (const state of down === undefined ? [true, false] : [down])
        this.#handle(key.keysym, key.code, state);
    };
  }

  /** Types a text as keys, behind what is still being typed. */
  type(text: string): Untyped {
    return this.#typer.type(text, takesKeysAlone(this.#rfb) ? this.mode.text : null);
  }

  /** Presses one key, behind what is still being typed. */
  press({ keysym, code }: Key): void {
    this.#typer.send([
      [keysym, code, true],
      [keysym, code, false],
    ]);
  }

  /** Presses a key that stays down, or lets it go: behind what is still being typed. */
  hold({ keysym, code }: Key, down: boolean): void {
    this.#typer.send([[keysym, code, down]]);
  }

  /** Types no more. Idempotent. */
  stop(): void {
    this.#typer.stop();
  }

  #handle(keysym: number, code: string | null, down: boolean): void {
    const { keys } = this.mode;
    if (keys === null || !takesKeysAlone(this.#rfb)) {
      this.#translator = null;
      this.#send(keysym, code, down);
      return;
    }
    if (this.#translator?.layout !== keys)
      this.#translator = {
        layout: keys,
        keyboard: new LayoutKeyboard(keys, this.#send, (character) => this.onMissing(character)),
      };
    this.#translator.keyboard.handle(keysym, code, down);
  }
}
