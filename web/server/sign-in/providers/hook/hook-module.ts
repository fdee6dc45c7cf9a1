import { pathToFileURL } from "node:url";
import { HOOK_FAULTS, HookFault } from "./hook-fault.ts";
import type { HookQuestion } from "./hook-messages.ts";

/** Calls of a module's function that nobody waits for any more, and that have not ended. */
const MAX_HOOK_UNFINISHED = 32;

type HookFunction = (question: HookQuestion, options: { readonly signal: AbortSignal }) => unknown;

/** A hook that runs in this process. */
export class HookModule {
  readonly #file: string;
  #loaded: Promise<HookFunction> | null = null;
  #unfinished = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * @returns its answer as JSON
   * @throws HookFault, and what `signal` was aborted with
   */
  async call(question: HookQuestion, signal: AbortSignal): Promise<string> {
    if (this.#unfinished >= MAX_HOOK_UNFINISHED) throw new HookFault(HOOK_FAULTS.stuck);
    this.#unfinished += 1;
    const answering = this.#answer(question, signal).finally(() => {
      this.#unfinished -= 1;
    });
    return await orAborted(answering, signal);
  }

  async #answer(question: HookQuestion, signal: AbortSignal): Promise<string> {
    const ask = await (this.#loaded ??= load(this.#file));
    let answer: unknown;
    try {
      answer = await ask(question, { signal });
    } catch (cause) {
      throw new HookFault(HOOK_FAULTS.threw, cause);
    }
    return toJson(answer);
  }
}

/** As `work` settles, or rejects once `signal` is aborted. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody may be left to hear of its failure.
  work.catch(() => undefined);
  signal.throwIfAborted();
  const waiting = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", onAbort, { once: true, signal: waiting.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    waiting.abort();
  }
}

async function load(file: string): Promise<HookFunction> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new HookFault(HOOK_FAULTS.noModule, cause);
  }
  const found = module["default"] ?? module["signIn"];
  if (typeof found !== "function") throw new HookFault(HOOK_FAULTS.noFunction);
  return found as HookFunction;
}

function toJson(answer: unknown): string {
  try {
    // Undefined for what JSON has no word for.
    const json = JSON.stringify(answer) as string | undefined;
    if (json !== undefined) return json;
  } catch {
    // It refers to itself.
  }
  throw new HookFault(HOOK_FAULTS.noJson);
}
