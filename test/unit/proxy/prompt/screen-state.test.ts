import { describe, expect, test } from "vitest";
import { Keysym } from "../../../../protocol/index.ts";
import { findScreenTarget, layOutScreen } from "../../../../proxy/prompt/screen-layout.ts";
import {
  applyScreenInput,
  filterDesktops,
  LIST_ROWS,
  showForm,
  showList,
  type FormPage,
  type ListPage,
  type ScreenAction,
  type ScreenState,
} from "../../../../proxy/prompt/screen-state.ts";
import { SCREEN_WORDS } from "../../../../proxy/prompt/screen-words.ts";

const BASE = { language: "en", clipboard: "", hasControl: false, hasShift: false } as const;
const label = { en: "Code", fr: "Code" };
const CODE = { name: "code", label, hidden: false, maxLength: 6 };
const WORD = { name: "word", label, hidden: true, maxLength: 20 };
const FORM: ScreenState = {
  ...BASE,
  page: showForm("marie", { fields: [CODE, WORD] }, SCREEN_WORDS.wrongOnce),
};
const LIST: ScreenState = {
  ...BASE,
  page: showList(
    Array.from({ length: 30 }, (_, index) => ({
      ...{ id: `id-${index}`, name: index === 17 ? "Élodie" : `lab-${index}` },
      ...{ host: index < 15 ? "north" : "south", online: true },
    })),
    null,
  ),
};

const WAYS: ScreenState = {
  ...BASE,
  page: showForm(
    null,
    {
      fields: [CODE],
      alternatives: [
        { label: { en: "Use your app", fr: "App" }, fields: [CODE] },
        { label: { en: "Use a recovery code", fr: "Secours" }, fields: [WORD] },
      ],
    },
    null,
  ),
};
const HAND_OVER = {
  kind: "notice",
  title: label,
  text: SCREEN_WORDS.connectAgain,
  code: "Wn7KwQ2M",
  isBusy: false,
} as const;

/** Presses keys one after the other: keysyms, or the characters of a text. */
function press(state: ScreenState, ...keys: readonly (number | string)[]) {
  let action: ScreenAction | null = null;
  for (const key of keys) {
    const keysyms = typeof key === "number" ? [key] : [...key].map((one) => one.codePointAt(0)!);
    for (const keysym of keysyms)
      ({ state, action } = applyScreenInput(state, { type: "key", keysym, isDown: true }));
  }
  return { state, action, form: state.page as FormPage, list: state.page as ListPage };
}

describe("a form", () => {
  test("takes what is typed up to each field's length, and gives it by the fields' names", () => {
    const { action, form } = press(FORM, "1234567", Keysym.tab, "sécret", Keysym.enter);
    expect(form.values).toEqual(["123456", "sécret"]);
    expect(action).toEqual({ type: "answer", answers: { code: "123456", word: "sécret" } });
    expect(form.message).toBeNull();
  });

  test("gives nothing while a field is empty, and puts the caret there", () => {
    const { action, form } = press(FORM, "1", Keysym.enter);
    expect(action).toBeNull();
    expect(form.focus).toBe(1);
  });

  test("the number block types and confirms, and Backspace takes back", () => {
    const [kp1, kpEnter] = [0xffb1, 0xff8d];
    const { form, action } = press(FORM, kp1, kp1, Keysym.backspace, Keysym.down, "x", kpEnter);
    expect(form.values).toEqual(["1", "x"]);
    expect(action?.type).toBe("answer");
  });

  test("Shift and Tab go back, by either keysym", () => {
    const shifted = press(FORM, Keysym.leftShift, Keysym.tab);
    expect(shifted.form.focus).toBe(1);
    expect(press(FORM, Keysym.isoLeftTab).form.focus).toBe(1);
  });

  test("the clipboard is put in when it is asked for, its first line alone", () => {
    const copied = applyScreenInput(FORM, { type: "clipboard", text: "\n 12\u000034\nrest" }).state;
    expect((copied.page as FormPage).values[0]).toBe("");
    expect(press(copied, Keysym.leftControl, "v").form.values[0]).toBe("1234");
    expect(press(copied, Keysym.leftShift, Keysym.insert).form.values[0]).toBe("1234");
    // A letter with Control types nothing.
    expect(press(copied, Keysym.leftControl, "c").form.values[0]).toBe("");
  });

  test("what is hidden is not written on the screen", () => {
    const { state } = press(FORM, Keysym.tab, "secret");
    const texts = layOutScreen(state).items.flatMap((item) => (item.kind === "text" ? [item.text] : []));
    expect(texts).toContain("••••••");
    expect(texts.join(" ")).not.toContain("secret");
  });

  test("is used by the pointer, too", () => {
    const layout = layOutScreen(FORM);
    const field = layout.targets.find(({ target }) => target.kind === "field" && target.index === 1)!;
    const target = findScreenTarget(layout, field.x + 5, field.y + 5);
    const clicked = applyScreenInput(FORM, { type: "pointer", target, gesture: "press" }).state;
    expect((clicked.page as FormPage).focus).toBe(1);
  });
});

describe("another way to answer", () => {
  const textsOf = (state: ScreenState): string[] =>
    layOutScreen(state).items.flatMap((item) => (item.kind === "text" ? [item.text] : []));

  test("F3 and the pointer go to it and back, and what was typed is gone", () => {
    expect(textsOf(WAYS)).toContain("Use a recovery code (F3)");
    const { state, form, action } = press(WAYS, "12", Keysym.f3, "abc", Keysym.enter);
    expect(form.fields).toEqual([WORD]);
    expect(action).toEqual({ type: "answer", answers: { word: "abc" } });
    expect(textsOf(state)).toContain("Use your app (F3)");
    const back = applyScreenInput(state, {
      type: "pointer",
      target: { kind: "alternative" },
      gesture: "press",
    });
    expect((back.state.page as FormPage).values).toEqual([""]);
    expect((back.state.page as FormPage).fields).toEqual([CODE]);
  });

  test("there is none where there is one way", () => {
    expect(press(FORM, "1", Keysym.f3).form.values).toEqual(["1", ""]);
    expect(layOutScreen(FORM).targets.some(({ target }) => target.kind === "alternative")).toBe(false);
  });
});

test("who is not known yet is asked for a name, and a code to be copied stands there letter by letter", () => {
  const texts = (state: ScreenState): string[] =>
    layOutScreen(state).items.flatMap((item) => (item.kind === "text" ? [item.text] : []));
  expect(texts(WAYS)).toContain("Sign in");
  expect(texts(FORM)).toContain("Confirm that it is you, marie");
  expect(texts({ ...BASE, page: HAND_OVER }).join("")).toContain(HAND_OVER.code);
});

describe("a list", () => {
  test("typing filters by name and host, whatever case and accents", () => {
    expect(filterDesktops(press(LIST, "elo").list).map(({ name }) => name)).toEqual(["Élodie"]);
    expect(filterDesktops(press(LIST, "SOUTH/LAB-1").list)).toHaveLength(4);
    expect(press(LIST, "elo", Keysym.enter).action).toEqual({ type: "open", desktopId: "id-17" });
    expect(press(LIST, "nothing of this", Keysym.enter).action).toBeNull();
  });

  test("the selected one stays in sight", () => {
    const { list } = press(LIST, Keysym.end);
    expect([list.selected, list.first]).toEqual([29, 30 - LIST_ROWS]);
    const up = press({ ...LIST, page: list }, Keysym.home).list;
    expect([up.selected, up.first]).toEqual([0, 0]);
    const page = press(LIST, Keysym.pageDown).list;
    expect([page.selected, page.first]).toEqual([LIST_ROWS, 1]);
    expect(press(LIST, Keysym.up).list.selected).toBe(0);
  });

  test("the wheel scrolls, and a click opens what is under it", () => {
    const wheel = { type: "pointer", target: null, gesture: "wheel-down" } as const;
    const scrolled = applyScreenInput(LIST, wheel).state;
    expect((scrolled.page as ListPage).first).toBe(3);
    const layout = layOutScreen(scrolled);
    const row = layout.targets.find(({ target }) => target.kind === "row")!;
    const target = findScreenTarget(layout, row.x + 1, row.y + 1);
    const { action } = applyScreenInput(scrolled, { type: "pointer", target, gesture: "press" });
    expect(action).toEqual({ type: "open", desktopId: "id-3" });
  });
});

test("F2 and the pointer choose the language", () => {
  expect(press(FORM, Keysym.f2).state.language).toBe("fr");
  expect(press(FORM, Keysym.f2, Keysym.f2).state.language).toBe("en");
  const target = { kind: "language", language: "fr" } as const;
  const { state } = applyScreenInput(LIST, { type: "pointer", target, gesture: "press" });
  const texts = layOutScreen(state).items.flatMap((item) => (item.kind === "text" ? [item.text] : []));
  expect(texts).toContain("Choisissez un bureau");
});

test("Escape leaves from everywhere, and Enter closes the last words", () => {
  expect(press(FORM, Keysym.escape).action).toEqual({ type: "leave" });
  const text = SCREEN_WORDS.over;
  const notice = (isBusy: boolean): ScreenState => ({
    ...BASE,
    page: { kind: "notice", title: text, text, isBusy },
  });
  expect(press(notice(true), Keysym.enter).action).toBeNull();
  expect(press(notice(false), Keysym.enter).action).toEqual({ type: "leave" });
});

test("nothing is drawn beside the screen, in either language", () => {
  const pages = [FORM, LIST, WAYS, { ...BASE, page: HAND_OVER }];
  for (const page of pages)
    for (const language of ["en", "fr"] as const)
      for (const { x, y, width, height } of layOutScreen({ ...page, language }).items)
        expect([x >= 0, y >= 0, x + width <= 800, y + height <= 600]).toEqual([true, true, true, true]);
});
