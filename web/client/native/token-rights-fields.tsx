import type { TokenRights } from "../api/api-client.ts";
import { Choices } from "../components/choices.tsx";
import { useText } from "../state/app-context.ts";
import { setPermission, hasPermission, isPermissionAdjustable, TOKEN_PERMISSIONS } from "./token-rights.ts";

interface TokenRightsFieldsProps {
  readonly rights: TokenRights;
  readonly busy: boolean;
  readonly onChange: (allowance: TokenRights) => void;
}

/** What the token lets its holder do: role, and switches for what belongs to it. */
export function TokenRightsFields({ rights: allowance, busy, onChange }: TokenRightsFieldsProps) {
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
        {TOKEN_PERMISSIONS.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={hasPermission(allowance, name)}
                disabled={!isPermissionAdjustable(allowance, name)}
                onChange={(event) => onChange(setPermission(allowance, name, event.currentTarget.checked))}
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
