import type { Logger } from "pino";
import type { Clock } from "../../../../../protocol/index.ts";
import { ConcurrencyLimit, type Familiarity } from "../../concurrency-limit.ts";
import { HOOK_FAULTS, HookFault } from "./hook-fault.ts";
import { MAX_HOOK_ANSWER_BYTES, type HookQuestion } from "./hook-messages.ts";
import { HookModule, orAborted } from "./hook-module.ts";
import { MAX_HOOK_LOG_BYTES, runHook } from "./run-hook.ts";
import { locateTrustedFile, requireExecutable, requireTrusted } from "./trusted-file.ts";

/** A hook's answer, from the wait for its turn on. */
const HOOK_LIMIT_MS = 10_000;
/** Runs of one hook at once. */
const MAX_HOOKS_RUNNING = 4;
/** Sign-ins that wait for one of them; with more the answer is `LOGIN_BUSY`. */
const MAX_HOOKS_WAITING = 32;

/** What is asked: a program with its arguments, or a module of this process. */
export type HookTarget =
  | { readonly kind: "program"; readonly command: readonly string[] }
  | { readonly kind: "module"; readonly file: string };

interface HookServices {
  readonly id: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An administrator's own program, asked one question at a time. */
export class Hook {
  readonly #target: HookTarget;
  readonly #services: HookServices;
  readonly #limit = new ConcurrencyLimit({ running: MAX_HOOKS_RUNNING, waiting: MAX_HOOKS_WAITING });
  readonly #closing = new AbortController();
  /** Absolute, links resolved. */
  readonly #file: string;
  readonly #module: HookModule | null;

  /** @throws HookFault where others could change the file */
  constructor(target: HookTarget, services: HookServices) {
    this.#target = target;
    this.#services = services;
    this.#file = locateTrustedFile(target.kind === "module" ? target.file : (target.command[0] ?? ""));
    if (target.kind === "program") requireExecutable(this.#file);
    this.#module = target.kind === "module" ? new HookModule(this.#file) : null;
  }

  /**
   * @returns its answer, JSON or not
   * @throws HookFault, RequestError `LOGIN_BUSY`
   */
  async ask(question: HookQuestion, who?: Familiarity): Promise<string> {
    const deadline = new AbortController();
    const cancel = this.#services.clock.after(HOOK_LIMIT_MS, () => {
      deadline.abort(new HookFault(HOOK_FAULTS.timeout));
    });
    const signal = AbortSignal.any([deadline.signal, this.#closing.signal]);
    try {
      const answering = this.#limit.run(() => {
        signal.throwIfAborted();
        return this.#run(question, signal);
      }, who);
      return await orAborted(answering, signal);
    } finally {
      cancel();
    }
  }

  close(): void {
    this.#closing.abort(new HookFault(HOOK_FAULTS.closing));
  }

  async #run(question: HookQuestion, signal: AbortSignal): Promise<string> {
    const { clock } = this.#services;
    requireTrusted(this.#file);
    if (this.#module !== null) {
      const json = await this.#module.call(question, signal);
      if (Buffer.byteLength(json) > MAX_HOOK_ANSWER_BYTES) throw new HookFault(HOOK_FAULTS.tooMuch);
      return json;
    }
    const [, ...args] = this.#target.kind === "program" ? this.#target.command : [];
    return runHook({
      ...{ command: [this.#file, ...args], input: `${JSON.stringify(question)}\n`, clock, signal },
      onError: (printed) => {
        this.#logPrinted(printed, question);
      },
    });
  }

  #logPrinted(printed: string, { password, answers }: HookQuestion): void {
    if (printed === "") return;
    const { log, id } = this.#services;
    const secrets = [password ?? "", ...Object.values(answers ?? {})];
    const stderr = escapeControls(hideSecrets(printed, secrets)).slice(0, MAX_HOOK_LOG_BYTES);
    log.warn({ event: "sign-in.hook", provider: id, stderr }, "a sign-in hook printed something");
  }
}

/** In the ways in which a program is likely to print what it was told. */
function hideSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter((secret) => secret !== "")
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      escapeAscii(JSON.stringify(secret).slice(1, -1)),
      new URLSearchParams([["", secret]]).toString().slice(1),
      Buffer.from(secret).toString("base64"),
    ]);
  // The longest first: one may be part of another.
  return [...new Set(forms)]
    .sort((one, other) => other.length - one.length)
    .reduce((hidden, form) => hidden.replaceAll(form, "[hidden]"), text);
}

/** JSON as Python writes it. */
function escapeAscii(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Nothing that a terminal obeys, and nothing that looks like another line or another order of letters. */
function escapeControls(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    character === "\n" ? "\n" : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
