import type { TokenRights } from "../api/api.ts";
import { Choices } from "../parts/choices.tsx";
import { useText } from "../state/context.ts";
import { allow, isAllowed, isOpenToChoice, SWITCHES } from "./allowance.ts";

interface AllowancesProps {
  readonly allowance: TokenRights;
  readonly busy: boolean;
  readonly onChange: (allowance: TokenRights) => void;
}

/** What the token lets its holder do: role, and switches for what belongs to it. */
export function Allowances({ allowance, busy, onChange }: AllowancesProps) {
  const { native } = useText();
  return (
    <fieldset class="fact allowances" disabled={busy} aria-busy={busy}>
      <legend>{native.allowed}</legend>
      <Choices
        label={native.allowed}
        value={allowance.role}
        options={native.roles}
        onChoose={(role) => onChange({ ...allowance, role })}
      />
      <ul class="switches">
        {SWITCHES.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={isAllowed(allowance, name)}
                disabled={!isOpenToChoice(allowance, name)}
                onChange={(event) => onChange(allow(allowance, name, event.currentTarget.checked))}
              />
              {native.switches[name]}
            </label>
          </li>
        ))}
      </ul>
      <p class="fine">{native.allowedHint}</p>
    </fieldset>
  );
}
