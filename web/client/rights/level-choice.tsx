import { useText } from "../state/app-context.ts";
import { listGrantable, type GrantLevel, type GrantKind } from "./describe-grant.ts";

interface LevelChoiceProps {
  readonly kind: GrantKind;
  readonly level: GrantLevel;
  readonly onChoose: (level: GrantLevel) => void;
}

/** What may be granted, each in a sentence. */
export function LevelChoice({ kind, level, onChoose }: LevelChoiceProps) {
  const { grants: text } = useText();
  return (
    <fieldset class="role-choice">
      <legend>{text.level}</legend>
      {listGrantable(kind).map((one) => (
        <label class="card role-card" key={one}>
          <input type="radio" name="level" checked={one === level} onChange={() => onChoose(one)} />
          <strong>{text.levels[one]}</strong>
          <small>{text.means[one]}</small>
        </label>
      ))}
    </fieldset>
  );
}
