import type { UserRow } from "../../api/schemas.ts";
import { useText } from "../state/app-context.ts";

type RoleName = UserRow["role"];
/** From the least to the most, and the one that reads at the end. */
const ROLES: readonly RoleName[] = ["user", "operator", "admin", "auditor"];

interface RoleChoiceProps {
  readonly role: RoleName;
  readonly onChoose: (role: RoleName) => void;
}

/** The roles, each with what it may do. */
export function RoleChoice({ role, onChoose }: RoleChoiceProps) {
  const { roles, people } = useText();
  return (
    <fieldset class="role-choice">
      <legend>{people.mayDo}</legend>
      {ROLES.map((one) => (
        <label class="card role-card" key={one}>
          <input
            type="radio"
            name="role"
            checked={one === role}
            onChange={() => {
              onChoose(one);
            }}
          />
          <strong>{roles.names[one]}</strong>
          <small>{roles.may[one]}</small>
        </label>
      ))}
    </fieldset>
  );
}
