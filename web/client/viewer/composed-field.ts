/**
 * What the content of a field became, as keys: the characters behind the common beginning are deleted and typed anew. Input
 * methods and corrections change a field in ways that no single event tells.
 */
export function describeFieldChange(before: string, after: string): string {
  const old = [...before];
  const now = [...after];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  return "\b".repeat(old.length - same) + now.slice(same).join("");
}

/** Something to delete, so that a phone's backspace has an effect in an empty field. */
const PADDING = "\u00a0".repeat(32);
const MAX_LENGTH = 512;

/** Follows a text field and passes on what is typed into it, once it is final: a composed word at its commit. */
export class ComposedField {
  readonly #type: (text: string) => void;
  #before = PADDING;
  #composing = false;

  /** @param type gets characters, with `\b` for the backspace key */
  constructor(type: (text: string) => void) {
    this.#type = type;
  }

  /** Empties the field. */
  reset(field: HTMLInputElement): void {
    this.#before = PADDING;
    field.value = PADDING;
    field.setSelectionRange(PADDING.length, PADDING.length);
  }

  startComposition(): void {
    this.#composing = true;
  }

  endComposition(field: HTMLInputElement): void {
    this.#composing = false;
    this.update(field);
  }

  /** The field has changed. */
  update(field: HTMLInputElement): void {
    if (this.#composing) return;
    const keys = describeFieldChange(this.#before, field.value);
    this.#before = field.value;
    if (keys !== "") this.#type(keys);
    const isUsedUp = !field.value.startsWith(PADDING.slice(PADDING.length / 2));
    if (isUsedUp || field.value.length > MAX_LENGTH) this.reset(field);
  }
}
