import type { ComponentChildren } from "preact";
import { CopiedValue, ShownOnce } from "../components/shown-once.tsx";
import { useText } from "../state/app-context.ts";

interface MadePasswordProps {
  readonly title: string;
  readonly password: string;
  readonly onDone: () => void;
  readonly children?: ComponentChildren;
}

/** A password that the server made, shown this once. */
export function MadePassword({ title, password, onDone, children }: MadePasswordProps) {
  const { people } = useText();
  return (
    <ShownOnce title={title} lead={people.shownOnce} done={people.done} onDone={onDone}>
      <CopiedValue value={password} copy={people.copyPassword} />
      <p class="lead">{people.changeIt}</p>
      {children}
    </ShownOnce>
  );
}
