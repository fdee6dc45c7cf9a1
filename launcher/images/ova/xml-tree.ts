import { invalidOva } from "./ova-error.ts";

/** An element; prefixes of namespaces are left out of all names. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without its children's. */
  readonly text: string;
}

interface OpenElement extends XmlElement {
  readonly children: OpenElement[];
  text: string;
}

const MAX_DEPTH = 64;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
/** Characters of one tag with its attributes. */
const MAX_TAG = 65_536;
const TAG = /<(\/?)([\p{L}_][\p{L}\p{N}_.:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>/uy;
/** Tried at one place only: a search would begin anew at each letter of what is no attribute. */
const ATTRIBUTE = /\s*([^\s=/"']+)\s*=\s*(?:"([^"]*)"|'([^']*)')/y;
/** Comments, sections of plain text, and instructions: beginning and end. */
const SECTIONS = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
] as const;

/**
 * Reads as much of XML as descriptors use. Nothing is fetched and no entity is defined, whatever the text says.
 * @returns an element without a name that holds the root
 * @throws LaunchError `OVA_INVALID`
 */
export function readXml(xml: string): XmlElement {
  // A document type could define entities that name files or expand without limit.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw invalidOva("its descriptor has a document type");
  const top = openElement("", "");
  const path = [top];
  let end = 0;
  for (let at = xml.indexOf("<"); at >= 0; at = xml.indexOf("<", end)) {
    const inner = path.at(-1) ?? top;
    inner.text += decode(xml.slice(end, at));
    const section = SECTIONS.find(([beginning]) => xml.startsWith(beginning, at));
    if (section !== undefined) {
      const [beginning, ending] = section;
      const close = xml.indexOf(ending, at + beginning.length);
      if (close < 0) throw invalidOva("its descriptor is cut off");
      if (beginning === "<![CDATA[") inner.text += xml.slice(at + beginning.length, close);
      end = close + ending.length;
      continue;
    }
    TAG.lastIndex = 0;
    const [whole = "", slash, name = "", rest = ""] = TAG.exec(xml.slice(at, at + MAX_TAG)) ?? [];
    if (whole === "") throw invalidOva("its descriptor is no XML, or has a tag without end");
    end = at + whole.length;
    if (slash === "/") {
      if (path.length === 1 || inner.name !== dropPrefix(name)) throw invalidOva("its descriptor is no XML");
      path.pop();
      continue;
    }
    const element = openElement(name, rest);
    inner.children.push(element);
    if (rest.endsWith("/")) continue;
    path.push(element);
    if (path.length > MAX_DEPTH) throw invalidOva("its descriptor is nested too deeply");
  }
  if (path.length !== 1) throw invalidOva("its descriptor is cut off");
  return top;
}

/** All elements of a name at or below one, in the order of the text. */
export function findElements(root: XmlElement, name: string, found: XmlElement[] = []): XmlElement[] {
  for (const child of root.children) {
    if (child.name === name) found.push(child);
    findElements(child, name, found);
  }
  return found;
}

/** The text of a child, without blanks around it; empty: there is none. */
export function childText(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text.trim() ?? "";
}

function openElement(name: string, rest: string): OpenElement {
  const attributes = new Map<string, string>();
  let end = 0;
  for (;;) {
    ATTRIBUTE.lastIndex = end;
    const found = ATTRIBUTE.exec(rest);
    if (found === null) break;
    const [whole, key = "", double, single] = found;
    attributes.set(dropPrefix(key), decode(double ?? single ?? ""));
    end += whole.length;
  }
  if (!["", "/"].includes(rest.slice(end).trim())) throw invalidOva("its descriptor is no XML");
  return { name: dropPrefix(name), attributes, children: [], text: "" };
}

function dropPrefix(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function decode(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal, hex, name) => {
    if (typeof name === "string") return ENTITIES[name] ?? whole;
    const code = typeof hex === "string" ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
