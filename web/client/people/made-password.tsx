import { CopyButton } from "../components/copy-button.tsx";
import { useText } from "../state/app-context.ts";

interface MadePasswordProps {
  readonly password: string;
  readonly onDone: () => void;
}

/** A password that the server made, shown this once. */
export function MadePassword({ password, onDone }: MadePasswordProps) {
  const { people } = useText();
  return (
    <>
      <p>{people.shownOnce}</p>
      <div class="made-password">
        <code>{password}</code>
        <CopyButton value={password} label={people.copyPassword} />
      </div>
      <p class="lead">{people.changeIt}</p>
      <div class="dialog-actions">
        <button type="button" class="button primary" onClick={onDone}>
          {people.done}
        </button>
      </div>
    </>
  );
}
