import { takeLinkedCode } from "./linked-code.ts";
import { takeRefusal } from "./take-refusal.ts";

const STEP = /^#step=([\w-]{43})$/;

/** What the browser brought along: from another site, or from the link in a mail. */
export interface PageArrival {
  /** The code of an error, why a sign-in at another site came to nothing. */
  readonly refused: string | null;
  /** The step that a sign-in at another site goes on with. */
  readonly stepId: string | null;
  /** The code of a link in a mail. */
  readonly code: string | null;
}

export const NO_ARRIVAL: PageArrival = { refused: null, stepId: null, code: null };

/** Each once: it leaves the address, and the browser's history. */
export function takeArrival(): PageArrival {
  return { stepId: takeReturnedStep(), code: takeLinkedCode(), refused: takeRefusal() };
}

function takeReturnedStep(): string | null {
  const [, id] = STEP.exec(location.hash) ?? [];
  if (id === undefined) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  return id;
}
