import { useState } from "preact/hooks";
import type { InvitationRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { formatExact } from "../text/format.ts";

interface InvitationsDialogProps {
  readonly invitations: readonly InvitationRow[];
  readonly canRevoke: boolean;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

/** Invitations that nobody has used yet; never their links. */
export function InvitationsDialog({ invitations, canRevoke, onChanged, onClose }: InvitationsDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { newcomers: text, roles } = all;
  const { language } = usePreferences();
  const [fault, setFault] = useState<unknown>(null);
  const revoke = (id: string) => {
    setFault(null);
    api.revokeInvitation(id).then(onChanged, setFault);
  };
  return (
    <Dialog title={text.invitationsTitle} onClose={onClose}>
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <ul class="newcomer-list">
        {invitations.map(({ id, name, email, role, groups, by, expiresAt }) => {
          const title = name ?? email ?? text.anybody;
          const facts = [
            ...(name !== null && email !== null ? [email] : []),
            ...[roles.names[role], ...groups.map((group) => group.name)],
            ...[by === null ? text.byServer : text.by(by), text.ends(formatExact(expiresAt, language))],
          ];
          return (
            <li key={id}>
              <div>
                <strong>{title}</strong>
                <small>{facts.join(" · ")}</small>
              </div>
              {canRevoke && (
                <button
                  type="button"
                  class="button"
                  aria-label={text.revokeOne(title)}
                  onClick={() => revoke(id)}
                >
                  {text.revoke}
                </button>
              )}
            </li>
          );
        })}
      </ul>
      <p class={invitations.length === 0 ? "lead" : "unseen"} role="status">
        {invitations.length === 0 && text.noInvitations}
      </p>
    </Dialog>
  );
}
