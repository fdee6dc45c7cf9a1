/** A place in the window, in CSS pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Finger extends Place {
  readonly id: number;
}

/** What fingers on the picture mean. `by` is how far they went since the one before. */
export type Gesture =
  /** The first finger is down. */
  | { readonly type: "touch"; readonly at: Place }
  /** So many fingers went down and up again. */
  | { readonly type: "tap"; readonly fingers: number; readonly at: Place }
  /** One finger has rested. */
  | { readonly type: "hold"; readonly at: Place }
  /** One finger moves, from where it went down. */
  | { readonly type: "dragStart"; readonly at: Place }
  | { readonly type: "drag"; readonly at: Place; readonly by: Place }
  /** After `dragStart`, and after `hold`. */
  | { readonly type: "dragEnd"; readonly at: Place }
  /** Two fingers move side by side. */
  | { readonly type: "scroll"; readonly at: Place; readonly by: Place }
  /** Two fingers move apart (`factor` over 1) or together. */
  | { readonly type: "pinch"; readonly at: Place; readonly by: Place; readonly factor: number };

/** Runs once, later. @returns a function that cancels it */
export type After = (ms: number, run: () => void) => () => void;

/** A finger is never quite still. */
const SLOP_PX = 9;
/** Two fingers that scroll are less even than one. */
const PINCH_SLOP_PX = 18;
export const HOLD_MS = 550;

interface PairPhase {
  readonly name: "scroll" | "pinch";
  readonly centre: Place;
  readonly spread: number;
}

type Phase =
  | { readonly name: "idle" }
  /** Nothing but fingers that are down; `most` of them at once. */
  | { readonly name: "down"; readonly most: number }
  | { readonly name: "drag"; readonly last: Place }
  | PairPhase
  /** The gesture is over, and fingers are still down. */
  | { readonly name: "over" };

function distance(one: Place, other: Place): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function centreOf(fingers: readonly Place[]): Place {
  const sum = fingers.reduce((all, { x, y }) => ({ x: all.x + x, y: all.y + y }), { x: 0, y: 0 });
  return { x: sum.x / fingers.length, y: sum.y / fingers.length };
}

function minus(one: Place, other: Place): Place {
  return { x: one.x - other.x, y: one.y - other.y };
}

/** Finds out what fingers on a screen mean. It is told of all fingers that are down, whenever that changes. */
export class TouchGestures {
  readonly #tell: (gesture: Gesture) => void;
  readonly #after: After;
  #phase: Phase = { name: "idle" };
  /** Where each finger went down. */
  readonly #starts = new Map<number, Finger>();
  #cancelHold: () => void = () => undefined;

  constructor(tell: (gesture: Gesture) => void, after: After) {
    this.#tell = tell;
    this.#after = after;
  }

  /** @param fingers all that are down now */
  update(fingers: readonly Finger[]): void {
    const lifted = [...this.#starts.keys()].some((id) => fingers.every((finger) => finger.id !== id));
    const added = fingers.filter(({ id }) => !this.#starts.has(id));
    if (lifted) this.#lift(fingers);
    if (added.length > 0) this.#put(added, fingers);
    if (!lifted && added.length === 0) this.#move(fingers);
  }

  /** The browser took the fingers away: nothing was meant. Idempotent. */
  cancel(): void {
    this.#cancelHold();
    this.#endDrag();
    this.#starts.clear();
    this.#phase = { name: "idle" };
  }

  #put(added: readonly Finger[], fingers: readonly Finger[]): void {
    for (const finger of added) this.#starts.set(finger.id, finger);
    this.#cancelHold();
    const [first] = fingers;
    if (this.#phase.name === "idle") {
      this.#phase = { name: "down", most: fingers.length };
      if (first === undefined) return;
      this.#tell({ type: "touch", at: first });
      if (fingers.length === 1) this.#cancelHold = this.#after(HOLD_MS, () => this.#hold(first));
    } else if (this.#phase.name === "down")
      this.#phase = { name: "down", most: Math.max(this.#phase.most, fingers.length) };
    else if (this.#phase.name === "drag") {
      this.#endDrag();
      this.#phase = { name: "over" };
    }
  }

  #hold(at: Place): void {
    this.#tell({ type: "hold", at });
    this.#phase = { name: "drag", last: at };
  }

  #endDrag(): void {
    if (this.#phase.name === "drag") this.#tell({ type: "dragEnd", at: this.#phase.last });
  }

  #lift(fingers: readonly Finger[]): void {
    this.#cancelHold();
    if (this.#phase.name === "down" && fingers.length === 0) {
      const first = [...this.#starts.values()][0];
      if (first !== undefined) this.#tell({ type: "tap", fingers: this.#phase.most, at: first });
    }
    if (this.#phase.name === "drag") this.#endDrag();
    if (fingers.length === 0) {
      this.#starts.clear();
      this.#phase = { name: "idle" };
    } else if (this.#phase.name !== "down") this.#phase = { name: "over" };
  }

  #move(fingers: readonly Finger[]): void {
    const [first, second] = fingers;
    if (first === undefined) return;
    if (this.#phase.name === "drag") {
      const by = minus(first, this.#phase.last);
      this.#phase = { name: "drag", last: first };
      this.#tell({ type: "drag", at: first, by });
    } else if (this.#phase.name === "scroll" || this.#phase.name === "pinch") {
      if (second !== undefined) this.#follow(this.#phase, [first, second]);
    } else if (this.#phase.name === "down") {
      // Of more fingers that went down, one that is left has been lifted late.
      if (fingers.length === 1 && this.#phase.most === 1) this.#startDrag(first);
      else if (fingers.length === 2 && second !== undefined) this.#startPair([first, second]);
    }
  }

  #startDrag(finger: Finger): void {
    const start = this.#starts.get(finger.id) ?? finger;
    if (distance(start, finger) < SLOP_PX) return;
    this.#cancelHold();
    this.#phase = { name: "drag", last: finger };
    this.#tell({ type: "dragStart", at: start });
    this.#tell({ type: "drag", at: finger, by: minus(finger, start) });
  }

  #startPair(pair: readonly [Finger, Finger]): void {
    const starts = pair.map((finger) => this.#starts.get(finger.id) ?? finger);
    const [one = pair[0], other = pair[1]] = starts;
    const centre = centreOf(pair);
    const spread = distance(pair[0], pair[1]);
    const isPinch = Math.abs(spread - distance(one, other)) >= PINCH_SLOP_PX;
    if (!isPinch && distance(centre, centreOf(starts)) < SLOP_PX) return;
    this.#phase = { name: isPinch ? "pinch" : "scroll", centre, spread };
  }

  #follow(phase: PairPhase, pair: readonly [Finger, Finger]): void {
    const centre = centreOf(pair);
    const spread = Math.max(1, distance(pair[0], pair[1]));
    const by = minus(centre, phase.centre);
    this.#phase = { ...phase, centre, spread };
    if (phase.name === "scroll") this.#tell({ type: "scroll", at: centre, by });
    else this.#tell({ type: "pinch", at: centre, by, factor: spread / Math.max(1, phase.spread) });
  }
}
