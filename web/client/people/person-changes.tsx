import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { UserHoldings, UserRow } from "../../api/schemas.ts";
import { Dialog } from "../components/dialog.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { explainError } from "../text/explain-error.ts";
import { FLEETING, LASTING, listHoldings } from "./list-holdings.ts";
import { MadePassword } from "./made-password.tsx";
import { RoleChoice } from "./role-choice.tsx";

export interface AccountChange {
  readonly person: UserRow;
  readonly holdings: UserHoldings;
  /** It is the account of who does it. */
  readonly own: boolean;
  readonly onBack: () => void;
  readonly onClose: () => void;
  /** @param notice what was done */
  readonly onDone: (notice: string) => void;
}

interface ConfirmDialogProps {
  readonly title: string;
  readonly confirm: string;
  readonly danger?: boolean;
  /** Nothing to confirm: it cannot be done, or changes nothing. */
  readonly blocked?: boolean;
  readonly act: () => Promise<unknown>;
  readonly onBack: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Says what a change touches, and does it when told. */
function ConfirmDialog(props: ConfirmDialogProps) {
  const all = useText();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const confirm = () => {
    if (busy) return;
    setBusy(true);
    setFault(null);
    props.act().catch((error: unknown) => {
      setBusy(false);
      setFault(error);
    });
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children}
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={props.onBack}>
          {all.people.back}
        </button>
        <button
          type="button"
          class={props.danger === true ? "button danger" : "button primary"}
          disabled={props.blocked}
          aria-disabled={busy}
          onClick={confirm}
        >
          {busy ? all.people.working : props.confirm}
        </button>
      </div>
    </Dialog>
  );
}

/** Whether it is one's own account, and what of it ends at once. */
function WhatEnds({ holdings, own }: Pick<AccountChange, "holdings" | "own">) {
  const all = useText();
  const { people: text } = all;
  const ending = listHoldings(holdings, all, FLEETING);
  return (
    <>
      <p>{ending === "" ? text.endsNothing : text.ends(ending)}</p>
      {own && <p class="fault">{text.endSelf}</p>}
    </>
  );
}

export function ChangeRole({ person, holdings, own, onBack, onClose, onDone }: AccountChange) {
  const { api } = useApp();
  const { people: text, roles } = useText();
  const [role, setRole] = useState(person.role);
  const act = async () => {
    await api.changePerson(person.id, { role });
    onDone(text.didRole(person.name, roles.names[role]));
  };
  return (
    <ConfirmDialog
      key="role"
      title={text.roleTitle(person.name)}
      confirm={text.roleSave}
      blocked={role === person.role}
      act={act}
      onBack={onBack}
      onClose={onClose}
    >
      <RoleChoice role={role} onChoose={setRole} />
      <p>{text.roleEnds(holdings.logins)}</p>
      {own && <p class="fault">{text.endSelf}</p>}
    </ConfirmDialog>
  );
}

export function ChangePassword({ person, holdings, own, onBack, onClose }: AccountChange) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const [made, setMade] = useState<string | null>(null);
  if (made !== null)
    return (
      <Dialog key="made" staysOpen title={text.passwordTitle(person.name)} onClose={onClose}>
        <MadePassword password={made} onDone={onClose} />
      </Dialog>
    );
  const act = async () => setMade((await api.resetPassword(person.id)).password ?? "");
  const ending = listHoldings(holdings, all, ["logins"]);
  return (
    <ConfirmDialog
      key="password"
      title={text.passwordAsk(person.name)}
      confirm={text.passwordConfirm}
      act={act}
      onBack={onBack}
      onClose={onClose}
    >
      <p>{text.passwordLead}</p>
      <p>{ending === "" ? text.endsNothing : text.ends(ending)}</p>
      {own && <p class="fault">{text.endSelf}</p>}
    </ConfirmDialog>
  );
}

export function Disable({ person, holdings, own, onBack, onClose, onDone }: AccountChange) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const staying = listHoldings(holdings, all, LASTING);
  const act = async () => {
    await api.changePerson(person.id, { state: "disabled" });
    onDone(text.didDisable(person.name));
  };
  return (
    <ConfirmDialog
      key="disable"
      title={text.disableTitle(person.name)}
      confirm={text.disableConfirm}
      danger
      act={act}
      onBack={onBack}
      onClose={onClose}
    >
      <p>{text.disableLead}</p>
      <WhatEnds holdings={holdings} own={own} />
      {staying !== "" && <p>{text.stays(staying)}</p>}
    </ConfirmDialog>
  );
}

export function Remove({ person, holdings, own, onBack, onClose, onDone }: AccountChange) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const staying = listHoldings(holdings, all, LASTING);
  const act = async () => {
    await api.removePerson(person.id);
    onDone(text.didRemove(person.name));
  };
  return (
    <ConfirmDialog
      key="remove"
      title={text.removeTitle(person.name)}
      confirm={text.removeConfirm}
      danger
      blocked={staying !== ""}
      act={act}
      onBack={onBack}
      onClose={onClose}
    >
      {staying !== "" ? (
        <p>{text.removeFirst(staying)}</p>
      ) : (
        <>
          <p>{text.removeLead}</p>
          <WhatEnds holdings={holdings} own={own} />
        </>
      )}
    </ConfirmDialog>
  );
}
