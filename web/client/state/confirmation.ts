import { createStore, type Store } from "./store.ts";

/** Requests that wait until the person has confirmed that it is them: however many, they are asked once. */
export interface Confirmation {
  /** Whether the person is being asked. */
  readonly open: Store<boolean, boolean>;
  /** Resolves when the person has answered; false: they did not confirm it. */
  readonly ask: () => Promise<boolean>;
  /** Answers all that wait. */
  readonly settle: (confirmed: boolean) => void;
}

export function createConfirmation(): Confirmation {
  const open = createStore(false, (_, next: boolean) => next);
  let waiting: ((confirmed: boolean) => void)[] = [];
  return {
    open,
    ask: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        open.dispatch(true);
      }),
    settle(confirmed) {
      const settled = waiting;
      waiting = [];
      open.dispatch(false);
      for (const resolve of settled) resolve(confirmed);
    },
  };
}
