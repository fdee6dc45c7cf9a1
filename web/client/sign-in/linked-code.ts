import type { LoginStep, SignInForm } from "../../api/schemas.ts";
import { isCodeField } from "./clean-code.ts";

const STORED = "postern.sign-in-step";
/** As long as the server keeps a step. */
const STEP_MS = 600_000;
const CODE = /^#code=(\d{6})$/;

type Step = LoginStep["step"];

/** The code of the link in a mail; the address is without it from then on, and so is the browser's history. */
export function takeLinkedCode(): string | null {
  const [, code] = CODE.exec(location.hash) ?? [];
  if (code === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return code;
}

/**
 * For the link in a mail, which opens another tab. Without the code it is worth nothing: a step that asks for anything else, or shows a
 * secret, is not kept. Null: there is none any more.
 */
export function rememberStep(step: Step | null): void {
  try {
    if (step === null || !asksCodeAlone(step.form)) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify({ step, until: Date.now() + STEP_MS }));
  } catch {
    // A browser without storage: the code is typed.
  }
}

/** The step that this browser is in, in whichever tab. */
export function recallStep(): Step | null {
  try {
    const stored = JSON.parse(localStorage.getItem(STORED) ?? "null") as { step: Step; until: number } | null;
    return stored !== null && stored.until > Date.now() ? stored.step : null;
  } catch {
    return null;
  }
}

/** What a step is answered with by the code of a link. */
export function answerByCode({ form }: Step, code: string): Readonly<Record<string, string>> {
  return Object.fromEntries(form.fields.map(({ name }) => [name, code]));
}

/** Calls back when another tab has ended the step. Returns a function that stops it. */
export function watchStepEnd(onEnd: () => void): () => void {
  const look = ({ key, newValue }: StorageEvent) => {
    if (key === STORED && newValue === null) onEnd();
  };
  window.addEventListener("storage", look);
  return () => window.removeEventListener("storage", look);
}

function asksCodeAlone({ fields, passkey, totp, recoveryCodes, alternatives }: SignInForm): boolean {
  const [first, ...others] = fields;
  const more = passkey ?? totp ?? recoveryCodes ?? alternatives;
  return first !== undefined && isCodeField(first) && others.length === 0 && more === undefined;
}
