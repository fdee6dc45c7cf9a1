/** The result of one check, for people and for programs. */
export interface Finding {
  /** Identifies the check; stable, unlike the text. */
  readonly code: string;
  /** `advice`: works, and could be better. `missing`: must be fixed. */
  readonly state: "ok" | "advice" | "missing";
  readonly text: string;
  /** What to do; absent if there is nothing to do. */
  readonly remedy?: string;
}

export function okFinding(code: string, text: string): Finding {
  return { code, state: "ok", text };
}

export function adviceFinding(code: string, text: string, remedy: string): Finding {
  return { code, state: "advice", text, remedy };
}

export function missingFinding(code: string, text: string, remedy: string): Finding {
  return { code, state: "missing", text, remedy };
}
