// Guacamole's text protocol: elements of LENGTH.VALUE, separated by commas, an instruction ends with a semicolon. Lengths
// count code points.
import { StringDecoder } from "node:string_decoder";

export type GuacamoleInstruction = readonly [opcode: string, ...parameters: string[]];

export function encodeInstruction(...elements: GuacamoleInstruction): string {
  return `${elements.map((element) => `${[...element].length}.${element}`).join(",")};`;
}

const SURROGATES = /[\ud800-\udfff]/;
const LENGTH = /^\d{1,7}$/;

export class GuacamoleInstructionReader {
  readonly #decoder = new StringDecoder("utf8");
  #text = "";

  /** The instructions that are complete now. @throws Error for what is none */
  push(chunk: Buffer): GuacamoleInstruction[] {
    this.#text += this.#decoder.write(chunk);
    const instructions: GuacamoleInstruction[] = [];
    let at = 0;
    for (;;) {
      const found = readInstruction(this.#text, at);
      if (found === undefined) break;
      instructions.push(found.instruction);
      at = found.end;
    }
    this.#text = this.#text.slice(at);
    return instructions;
  }
}

function readInstruction(
  text: string,
  start: number,
): { readonly instruction: GuacamoleInstruction; readonly end: number } | undefined {
  const parameters: string[] = [];
  let opcode: string | undefined;
  for (let at = start; ;) {
    const element = readElement(text, at);
    if (element === undefined) return undefined;
    if (opcode === undefined) opcode = element.value;
    else parameters.push(element.value);
    at = element.end + 1;
    const separator = text[element.end];
    if (separator === ";") return { instruction: [opcode, ...parameters], end: at };
    if (separator !== ",") throw new Error(`An element of an instruction ends with "${separator}".`);
  }
}

/** `end` is where its separator is. */
function readElement(text: string, at: number): { value: string; end: number } | undefined {
  const dot = text.indexOf(".", at);
  const digits = text.slice(at, dot < 0 ? undefined : dot);
  if (!LENGTH.test(digits) && (dot >= 0 || digits !== ""))
    throw new Error(`An element of an instruction has the length "${digits.slice(0, 20)}".`);
  if (dot < 0) return undefined;
  const length = Number(digits);
  let end = dot + 1 + length;
  if (SURROGATES.test(text.slice(dot + 1, end))) end = dot + 1 + measureCodePoints(text, dot + 1, length);
  return end < text.length ? { value: text.slice(dot + 1, end), end } : undefined;
}

/** UTF-16 units of so many code points. */
function measureCodePoints(text: string, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0 && at < text.length; left -= 1)
    at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at - start;
}
