import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDERS = ["protocol", "proxy", "agent", "launcher", "orchestrator", "web", "bin"];
const SEVERAL_WORDS = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;
const ONE_WORD = /^[A-Z][A-Z0-9]{2,}$/;
/** Capitals that are no codes of ours: the environment's, QEMU's, SQLite's, TLS's and Node's. */
const FOREIGN =
  /^(POSTERN|LIBGUESTFS|XDG|LD|SQLITE|CERT|ERR|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|INVALID_(CA|PURPOSE)|EAI|LC|TLS_AES|NO_PROXY|HTTPS_PROXY|BLOCK_IO)(_|$)/;
/** `new XError("CODE"`, and the functions that make one. */
const MAKES_AN_ERROR = /(Error|Refusal|Failure|Closed)$|^(refuse|fail|answer|trustError|peerClosed|public)$/;

export async function readDocument(name: string): Promise<string> {
  return readFile(path.join(ROOT, "docs", name), "utf8");
}

/** @param file from the root, e.g. `proxy/index.ts` */
export async function readSource(file: string): Promise<string> {
  return readFile(path.join(ROOT, file), "utf8");
}

async function* readSources(): AsyncGenerator<{ file: string; text: string }> {
  for (const folder of FOLDERS) {
    for (const entry of await readdir(path.join(ROOT, folder), { recursive: true })) {
      if (!/\.tsx?$/.test(entry) || entry.endsWith(".d.ts")) continue;
      const file = path.join(folder, entry);
      yield { file, text: await readSource(file) };
    }
  }
}

/** Every error code in the sources, with the first file that has it. */
export async function findCodes(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { file, text } of readSources()) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    visit(source, (code) => found.set(code, found.get(code) ?? file));
  }
  return found;
}

/** The first group of every match in the sources. */
export async function findText(pattern: RegExp): Promise<string[]> {
  const found = new Set<string>();
  for await (const { text } of readSources())
    for (const [, group = ""] of text.matchAll(pattern)) found.add(group);
  return [...found];
}

function visit(node: ts.Node, add: (code: string) => void): void {
  const text = textOf(node);
  if (text !== null && !FOREIGN.test(text)) {
    if (SEVERAL_WORDS.test(text) && !isConstantsName(node)) add(text);
    else if (ONE_WORD.test(text) && isMade(node)) add(text);
  }
  node.forEachChild((child) => {
    visit(child, add);
  });
}

/** A string, or the name of a property in an object. */
function textOf(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node
    ? node.text
    : null;
}

/** `{ FOO_BAR: 1 }` and `["FOO_BAR"]` in front of something are names, not codes. */
function isConstantsName(node: ts.Node): boolean {
  return ts.isElementAccessExpression(node.parent);
}

function isMade(node: ts.Node): boolean {
  const { parent } = node;
  if (!ts.isNewExpression(parent) && !ts.isCallExpression(parent)) return false;
  if (parent.arguments?.[0] !== node) return false;
  const { expression } = parent;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  return MAKES_AN_ERROR.test(name);
}
