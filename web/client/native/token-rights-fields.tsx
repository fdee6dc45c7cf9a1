import type { TokenRights } from "../api/api-client.ts";
import { Choices } from "../components/choices.tsx";
import { useText } from "../state/app-context.ts";
import { setPermission, hasPermission, isPermissionAdjustable, TOKEN_PERMISSIONS } from "./token-rights.ts";

interface TokenRightsFieldsProps {
  readonly rights: TokenRights;
  readonly busy: boolean;
  /** There is no other role to choose. */
  readonly watchOnly: boolean;
  readonly onChange: (rights: TokenRights) => void;
}

/** The permissions of the token's holder: the role, and switches for its permissions. */
export function TokenRightsFields({ rights, busy, watchOnly, onChange }: TokenRightsFieldsProps) {
  const { native } = useText();
  return (
    <fieldset class="fact allowances" disabled={busy} aria-busy={busy}>
      <legend>{native.allowed}</legend>
      {watchOnly ? (
        <p>{native.roles.view}</p>
      ) : (
        <Choices
          label={native.allowed}
          value={rights.role}
          options={native.roles}
          onChoose={(role) => onChange({ ...rights, role })}
        />
      )}
      <ul class="switches">
        {TOKEN_PERMISSIONS.map((name) => (
          <li key={name}>
            <label>
              <input
                type="checkbox"
                checked={hasPermission(rights, name)}
                disabled={!isPermissionAdjustable(rights, name)}
                onChange={(event) => onChange(setPermission(rights, name, event.currentTarget.checked))}
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
