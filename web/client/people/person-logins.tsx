import { useCallback, useEffect, useState } from "preact/hooks";
import type { LoginRow, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { LoginList } from "../components/login-list.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";

interface PersonLoginsProps {
  readonly person: UserRow;
  readonly canEnd: boolean;
  readonly onBack: () => void;
  readonly onClose: () => void;
}

/** Where a person is signed in; administrators end it. */
export function PersonLogins({ person, canEnd, onBack, onClose }: PersonLoginsProps) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const [logins, setLogins] = useState<readonly LoginRow[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const load = useCallback(() => api.logins(person.id).then(setLogins, setFault), [api, person.id]);
  useEffect(() => void load(), [load]);
  const end = (act: Promise<unknown>) => {
    setFault(null);
    act.then(load, setFault);
  };
  const endable = (logins ?? []).filter(({ current }) => !current).length;
  return (
    <Dialog key="logins" title={text.loginsTitle(person.name)} onClose={onClose}>
      {logins === null && fault === null && <p role="status">{all.loading}</p>}
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      {logins !== null && (
        <LoginList
          logins={logins}
          onEnd={canEnd ? (login) => end(api.endLogin(person.id, login.id)) : null}
        />
      )}
      <p class={logins?.length === 0 ? "lead" : "unseen"} role="status">
        {logins?.length === 0 && text.noLogins}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onBack}>
          {text.back}
        </button>
        {canEnd && endable > 0 && (
          <button type="button" class="button danger" onClick={() => end(api.endLogins(person.id))}>
            {text.endAll(endable)}
          </button>
        )}
      </div>
    </Dialog>
  );
}
