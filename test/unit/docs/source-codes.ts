import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDERS = ["protocol", "proxy", "agent", "launcher", "orchestrator", "web", "bin"];
const SEVERAL_WORDS = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;
const ONE_WORD = /^[A-Z][A-Z0-9]{2,}$/;
/** Capitals that are no codes of ours: the environment's, tar's, QEMU's, SQLite's, TLS's and Node's. */
const FOREIGN =
  /^(POSTERN|LIBGUESTFS|XDG|LD|SQLITE|CERT|ERR|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|INVALID_(CA|PURPOSE)|EAI|LC|TAR|TLS_AES|NO_PROXY|HTTPS_PROXY|BLOCK_IO)(_|$)/;
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

/** Every source file of the product, from the root. */
export async function listSourceFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const { file } of readSources()) files.push(file);
  return files;
}

/** What each file declares and exports, by name; what it only passes on from another file is left out. */
export async function findExports(): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for await (const { file, text } of readSources()) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    const names = new Set(source.statements.filter(isExported).flatMap(listDeclared));
    for (const name of names) found.set(name, [...(found.get(name) ?? []), file]);
  }
  return found;
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (statement.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

function listDeclared(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) =>
      ts.isIdentifier(name) ? [name.text] : name.elements.map((element) => element.getText()),
    );
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isNamed && statement.name ? [statement.name.text] : [];
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
