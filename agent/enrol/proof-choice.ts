import type { ServerRefusal } from "./server-refusal.ts";

/** `key`: the server should know the agent's key. `enrol`: the proof also carries the join secret. */
export type ProofKind = "key" | "enrol";

/**
 * Which proof to send next. If a server no longer knows the key, the join secret is sent. If it refuses the
 * secret, the key alone is tried once: the last enrolment may have succeeded although its answer was lost.
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

  /** Records a refusal of `kind`. @returns true if the other kind of proof should be tried at once */
  noteRefusal(kind: ProofKind, refusal: ServerRefusal): boolean {
    if (refusal.reason === "JOIN_REFUSED") this.#secretRefused = refusal;
    if (!this.#hasSecret) return false;
    const other: ProofKind = kind === "key" ? "enrol" : "key";
    const worthIt = refusal.reason === (kind === "key" ? "AGENT_UNKNOWN" : "JOIN_REFUSED");
    if (!worthIt || this.#tried.has(other)) return false;
    this.#tried.add(kind);
    return true;
  }

  /** Which refusal to report: a refused join secret is more helpful than the unknown key after it. */
  explain(refusal: ServerRefusal): ServerRefusal {
    return refusal.reason === "AGENT_UNKNOWN" ? (this.#secretRefused ?? refusal) : refusal;
  }

  noteWelcome(): void {
    this.#tried = new Set();
    this.#secretRefused = null;
  }
}
