import { findCharacter, foldNumberBlock, Keysym } from "../../protocol/index.ts";
import type { AnswerAlternative, AskedField, SignInQuestion, Wording } from "../identify/people-sign-in.ts";
import { SCREEN_LANGUAGES, type ScreenLanguage } from "./screen-words.ts";

export interface FormPage {
  readonly kind: "form";
  /** Null: they have not said who they are. */
  readonly person: string | null;
  /** Other fields in the place of these; the current one is among them. Empty: there are no others. */
  readonly alternatives: readonly AnswerAlternative[];
  readonly alternative: number;
  readonly fields: readonly AskedField[];
  /** What was typed, in the order of the fields. */
  readonly values: readonly string[];
  /** The field that takes what is typed. */
  readonly focus: number;
  readonly message: Wording | null;
}

/** A desktop in the list. */
export interface ListedDesktop {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly online: boolean;
}

export interface ListPage {
  readonly kind: "list";
  readonly desktops: readonly ListedDesktop[];
  readonly filter: string;
  /** Among those that the filter leaves. */
  readonly selected: number;
  /** The first one in sight. */
  readonly first: number;
  readonly message: Wording | null;
}

export interface NoticePage {
  readonly kind: "notice";
  readonly title: Wording;
  readonly text: Wording;
  /** To be written down; absent: nothing is. */
  readonly code?: string;
  /** Something is being waited for; else it can only be closed. */
  readonly isBusy: boolean;
}

export type ScreenPage = FormPage | ListPage | NoticePage;

export interface ScreenState {
  readonly language: ScreenLanguage;
  readonly page: ScreenPage;
  /** What the viewer had last copied: it is put in when asked for, never by itself. */
  readonly clipboard: string;
  readonly hasControl: boolean;
  readonly hasShift: boolean;
}

/** What the pointer can be on. */
export type ScreenTarget =
  | { readonly kind: "language"; readonly language: ScreenLanguage }
  | { readonly kind: "field"; readonly index: number }
  | { readonly kind: "alternative" }
  | { readonly kind: "submit" }
  | { readonly kind: "row"; readonly index: number };

export type ScreenInput =
  | { readonly type: "key"; readonly keysym: number; readonly isDown: boolean }
  | { readonly type: "clipboard"; readonly text: string }
  | { readonly type: "pointer"; readonly target: ScreenTarget | null; readonly gesture: PointerGesture };
export type PointerGesture = "move" | "press" | "paste" | "wheel-up" | "wheel-down";

export type ScreenAction =
  | { readonly type: "answer"; readonly answers: Readonly<Record<string, string>> }
  | { readonly type: "open"; readonly desktopId: string }
  | { readonly type: "leave" };

export interface ScreenStep {
  readonly state: ScreenState;
  readonly action: ScreenAction | null;
}

/** Desktops in sight at once. */
export const LIST_ROWS = 9;
/** Fields in sight. */
export const FORM_FIELDS = 4;
const FILTER_CHARS = 64;
export const CLIPBOARD_CHARS = 512;

export function showForm(
  person: string | null,
  { fields, alternatives = [] }: Pick<SignInQuestion, "fields" | "alternatives">,
  message: Wording | null,
): FormPage {
  return { kind: "form", person, alternatives, alternative: 0, ...beginFields(fields), message };
}

function beginFields(fields: readonly AskedField[]): Pick<FormPage, "fields" | "values" | "focus"> {
  return { fields: fields.slice(0, FORM_FIELDS), values: fields.map(() => ""), focus: 0 };
}

export function nextAlternative({
  alternatives,
  alternative,
}: FormPage): { readonly alternative: number; readonly label: Wording } | null {
  const next = (alternative + 1) % Math.max(1, alternatives.length);
  const label = alternatives[next]?.label;
  return label === undefined || next === alternative ? null : { alternative: next, label };
}

function changeAlternative(page: FormPage): FormPage {
  const next = nextAlternative(page);
  if (next === null) return page;
  return {
    ...page,
    alternative: next.alternative,
    ...beginFields(page.alternatives[next.alternative]?.fields ?? []),
    message: null,
  };
}

export function showList(desktops: readonly ListedDesktop[], message: Wording | null): ListPage {
  return { kind: "list", desktops, filter: "", selected: 0, first: 0, message };
}

/** Those whose name or host has what was typed, whatever its case and accents. */
export function filterDesktops({ desktops, filter }: ListPage): readonly ListedDesktop[] {
  const wanted = fold(filter);
  if (wanted === "") return desktops;
  return desktops.filter(({ name, host }) => fold(`${host}/${name}`).includes(wanted));
}

function fold(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

/** What the screen is after an input, and what is to be done. Pure. */
export function applyScreenInput(state: ScreenState, input: ScreenInput): ScreenStep {
  switch (input.type) {
    case "clipboard":
      return stay({ ...state, clipboard: firstLine(input.text) });
    case "key":
      return applyKey(state, foldNumberBlock(input.keysym), input.isDown);
    case "pointer":
      return applyPointer(state, input.target, input.gesture);
  }
}

function stay(state: ScreenState): ScreenStep {
  return { state, action: null };
}

function applyKey(state: ScreenState, keysym: number, isDown: boolean): ScreenStep {
  if (keysym === Keysym.leftControl || keysym === Keysym.rightControl)
    return stay({ ...state, hasControl: isDown });
  if (keysym === Keysym.leftShift || keysym === Keysym.rightShift)
    return stay({ ...state, hasShift: isDown });
  if (!isDown) return stay(state);
  if (keysym === Keysym.escape) return { state, action: { type: "leave" } };
  if (keysym === Keysym.f2) return stay({ ...state, language: nextLanguage(state.language) });
  if (state.hasControl) return isLetterV(keysym) ? stay(paste(state)) : stay(state);
  if (keysym === Keysym.insert && state.hasShift) return stay(paste(state));
  const { page } = state;
  if (page.kind === "form") return applyFormKey(state, page, keysym);
  if (page.kind === "list") return applyListKey(state, page, keysym);
  return { state, action: page.isBusy || keysym !== Keysym.enter ? null : { type: "leave" } };
}

function isLetterV(keysym: number): boolean {
  return findCharacter(keysym)?.toLowerCase() === "v";
}

function nextLanguage(language: ScreenLanguage): ScreenLanguage {
  const at = SCREEN_LANGUAGES.indexOf(language);
  return SCREEN_LANGUAGES[(at + 1) % SCREEN_LANGUAGES.length] ?? language;
}

function applyFormKey(state: ScreenState, page: FormPage, keysym: number): ScreenStep {
  const { fields, focus } = page;
  const moveTo = (next: number): ScreenStep => {
    const wrapped = (next + fields.length) % Math.max(1, fields.length);
    return stay({ ...state, page: { ...page, focus: wrapped } });
  };
  switch (keysym) {
    case Keysym.enter:
      return submit(state, page);
    case Keysym.f3:
      return stay({ ...state, page: changeAlternative(page) });
    case Keysym.tab:
      return moveTo(focus + (state.hasShift ? -1 : 1));
    case Keysym.isoLeftTab:
    case Keysym.up:
      return moveTo(focus - 1);
    case Keysym.down:
      return moveTo(focus + 1);
    case Keysym.backspace:
    case Keysym.delete:
      return stay({ ...state, page: editField(page, (value) => [...value].slice(0, -1).join("")) });
    default:
      return stay({ ...state, page: typeInto(page, findCharacter(keysym) ?? "") });
  }
}

/** The first field that is empty gets the focus; with none, the answers are given. */
function submit(state: ScreenState, page: FormPage): ScreenStep {
  const empty = page.fields.findIndex((_, index) => page.values[index] === "");
  if (empty >= 0) return stay({ ...state, page: { ...page, focus: empty } });
  const answers = page.fields.map(({ name }, index) => [name, page.values[index] ?? ""] as const);
  return { state, action: { type: "answer", answers: Object.fromEntries(answers) } };
}

function editField(page: FormPage, edit: (value: string) => string): FormPage {
  const values = page.values.map((value, index) => (index === page.focus ? edit(value) : value));
  return { ...page, values, message: null };
}

function typeInto(page: FormPage, text: string): FormPage {
  if (text === "") return page;
  const most = page.fields[page.focus]?.maxLength ?? 0;
  return editField(page, (value) => (value + text).slice(0, most));
}

function applyListKey(state: ScreenState, page: ListPage, keysym: number): ScreenStep {
  const select = (selected: number): ScreenStep => stay({ ...state, page: selectRow(page, selected) });
  const count = filterDesktops(page).length;
  switch (keysym) {
    case Keysym.enter:
      return openRow(state, page, page.selected);
    case Keysym.up:
      return select(page.selected - 1);
    case Keysym.down:
    case Keysym.tab:
      return select(page.selected + 1);
    case Keysym.pageUp:
      return select(page.selected - LIST_ROWS);
    case Keysym.pageDown:
      return select(page.selected + LIST_ROWS);
    case Keysym.home:
      return select(0);
    case Keysym.end:
      return select(count - 1);
    case Keysym.backspace:
      return stay({ ...state, page: search(page, [...page.filter].slice(0, -1).join("")) });
    default:
      return stay({ ...state, page: search(page, page.filter + (findCharacter(keysym) ?? "")) });
  }
}

function search(page: ListPage, filter: string): ListPage {
  if (filter === page.filter) return page;
  return { ...page, filter: filter.slice(0, FILTER_CHARS), selected: 0, first: 0, message: null };
}

function selectRow(page: ListPage, wanted: number): ListPage {
  const selected = Math.max(0, Math.min(filterDesktops(page).length - 1, wanted));
  const first = Math.min(Math.max(page.first, selected - LIST_ROWS + 1), selected);
  return { ...page, selected, first };
}

function openRow(state: ScreenState, page: ListPage, index: number): ScreenStep {
  const desktop = filterDesktops(page)[index];
  if (desktop === undefined) return stay(state);
  return {
    state: { ...state, page: selectRow(page, index) },
    action: { type: "open", desktopId: desktop.id },
  };
}

function applyPointer(state: ScreenState, target: ScreenTarget | null, gesture: PointerGesture): ScreenStep {
  const { page } = state;
  if (gesture === "paste") return stay(paste(state));
  if (page.kind === "list" && (gesture === "wheel-up" || gesture === "wheel-down"))
    return stay({ ...state, page: scroll(page, gesture === "wheel-up" ? -3 : 3) });
  if (target === null) return stay(state);
  if (gesture === "move")
    return page.kind === "list" && target.kind === "row"
      ? stay({ ...state, page: selectRow(page, target.index) })
      : stay(state);
  if (gesture !== "press") return stay(state);
  if (target.kind === "language") return stay({ ...state, language: target.language });
  if (page.kind === "list") return target.kind === "row" ? openRow(state, page, target.index) : stay(state);
  if (page.kind === "notice") return { state, action: page.isBusy ? null : { type: "leave" } };
  if (target.kind === "alternative") return stay({ ...state, page: changeAlternative(page) });
  if (target.kind === "field") return stay({ ...state, page: { ...page, focus: target.index } });
  return target.kind === "submit" ? submit(state, page) : stay(state);
}

function scroll(page: ListPage, by: number): ListPage {
  const last = Math.max(0, filterDesktops(page).length - LIST_ROWS);
  const first = Math.max(0, Math.min(last, page.first + by));
  return { ...page, first, selected: Math.max(first, Math.min(first + LIST_ROWS - 1, page.selected)) };
}

function paste(state: ScreenState): ScreenState {
  const { page, clipboard } = state;
  if (page.kind === "form") return { ...state, page: typeInto(page, clipboard) };
  return page.kind === "list" ? { ...state, page: search(page, page.filter + clipboard) } : state;
}

/** Nothing but what can be seen, so that a code with the line's end is the code. */
function firstLine(text: string): string {
  const [line = ""] = text.trim().split(/[\r\n]/);
  return line.replaceAll(/\p{C}/gu, "").slice(0, CLIPBOARD_CHARS);
}
