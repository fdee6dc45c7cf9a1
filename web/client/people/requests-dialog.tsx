import { useState } from "preact/hooks";
import type { SignUpRow, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { Ago } from "../components/time.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { GroupChoice } from "./group-choice.tsx";
import { RoleChoice } from "./role-choice.tsx";

interface RequestsDialogProps {
  readonly requests: readonly SignUpRow[];
  readonly canAnswer: boolean;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

/** People who ask for an account, with what they say of themselves. */
export function RequestsDialog({ requests, canAnswer, onChanged, onClose }: RequestsDialogProps) {
  const { api, wall } = useApp();
  const all = useText();
  const { newcomers: text } = all;
  const [approving, setApproving] = useState<SignUpRow | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const refuse = (id: string) => {
    setFault(null);
    api.refuseSignUp(id).then(onChanged, setFault);
  };
  if (approving !== null)
    return (
      <ApproveDialog
        request={approving}
        onBack={() => setApproving(null)}
        onClose={onClose}
        onDone={() => {
          wall.dispatch({ type: "notice", notice: text.didApprove(approving.name) });
          setApproving(null);
          onChanged();
        }}
      />
    );
  return (
    <Dialog key="requests" title={text.requestsTitle} onClose={onClose}>
      <p class="lead">{text.requestsLead}</p>
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <ul class="newcomer-list">
        {requests.map((request) => (
          <li key={request.id}>
            <div>
              <strong>{request.name}</strong>
              <span>{request.reason}</span>
              <small>
                {text.from(request.source)} · <Ago at={request.createdAt} />
              </small>
              {request.taken && <small class="fault">{text.taken}</small>}
            </div>
            {canAnswer && (
              <div class="newcomer-actions">
                {!request.taken && (
                  <button
                    type="button"
                    class="button primary"
                    aria-label={text.approveOne(request.name)}
                    onClick={() => setApproving(request)}
                  >
                    {text.approve}
                  </button>
                )}
                <button
                  type="button"
                  class="button"
                  aria-label={text.refuseOne(request.name)}
                  onClick={() => refuse(request.id)}
                >
                  {text.refuse}
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <p class={requests.length === 0 ? "lead" : "unseen"} role="status">
        {requests.length === 0 && text.noRequests}
      </p>
    </Dialog>
  );
}

interface ApproveDialogProps {
  readonly request: SignUpRow;
  readonly onBack: () => void;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function ApproveDialog({ request, onBack, onClose, onDone }: ApproveDialogProps) {
  const { api } = useApp();
  const all = useText();
  const { newcomers: text } = all;
  const [role, setRole] = useState<UserRow["role"]>("user");
  const [groups, setGroups] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const approve = () => {
    if (busy) return;
    setBusy(true);
    setFault(null);
    api.approveSignUp(request.id, { role, groups: [...groups] }).then(onDone, (error: unknown) => {
      setBusy(false);
      setFault(error);
    });
  };
  return (
    <Dialog key="approve" title={text.approveTitle(request.name)} onClose={onClose}>
      <RoleChoice role={role} onChoose={setRole} />
      <GroupChoice chosen={groups} onChoose={setGroups} />
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={onBack}>
          {text.back}
        </button>
        <button type="button" class="button primary" aria-disabled={busy} onClick={approve}>
          {busy ? text.working : text.approveSubmit}
        </button>
      </div>
    </Dialog>
  );
}
