import type { ServerRefusal } from "./server-refusal.ts";

/** `key`: the server is to know our key. `enrol`: the proof carries the join secret along. */
export type ProofKind = "key" | "enrol";

/**
 * Which proof to bring next. A server that has forgotten a known key gets the join secret; one that refuses
 * the secret gets the bare key once, since our last enrolment may have succeeded without our hearing of it.
 */
export class ProofChoice {
  readonly #hasSecret: boolean;
  #tried = new Set<ProofKind>();
  #secretRefused: ServerRefusal | null = null;

  constructor(hasSecret: boolean) {
    this.#hasSecret = hasSecret;
  }

  chooseKind(knownToService: boolean): ProofKind {
    if (!this.#hasSecret || this.#tried.has("enrol")) return "key";
    return knownToService && !this.#tried.has("key") ? "key" : "enrol";
  }

  /** Takes note of a refusal of `kind`; true: another kind of proof is worth a try at once. */
  noteRefusal(kind: ProofKind, refusal: ServerRefusal): boolean {
    if (refusal.reason === "JOIN_REFUSED") this.#secretRefused = refusal;
    if (!this.#hasSecret) return false;
    const other: ProofKind = kind === "key" ? "enrol" : "key";
    const worthIt = refusal.reason === (kind === "key" ? "AGENT_UNKNOWN" : "JOIN_REFUSED");
    if (!worthIt || this.#tried.has(other)) return false;
    this.#tried.add(kind);
    return true;
  }

  /** Which refusal to tell people of: a secret that was refused says more than the unknown key that is left. */
  explain(refusal: ServerRefusal): ServerRefusal {
    return refusal.reason === "AGENT_UNKNOWN" ? (this.#secretRefused ?? refusal) : refusal;
  }

  noteWelcome(): void {
    this.#tried = new Set();
    this.#secretRefused = null;
  }
}
