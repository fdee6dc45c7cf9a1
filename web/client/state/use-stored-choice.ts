import { useState } from "preact/hooks";

/** One of a few choices, kept in this browser under `key`; what is stored and is none of them counts as `otherwise`. */
export function useStoredChoice<Choice extends string>(
  key: string,
  choices: readonly Choice[],
  otherwise: Choice,
): readonly [Choice, (choice: Choice) => void] {
  const [choice, setChoice] = useState<Choice>(
    () => choices.find((one) => one === localStorage.getItem(key)) ?? otherwise,
  );
  const choose = (next: Choice) => {
    localStorage.setItem(key, next);
    setChoice(next);
  };
  return [choice, choose];
}
