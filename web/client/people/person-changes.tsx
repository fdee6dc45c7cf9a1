import { useState } from "preact/hooks";
import type { UserHoldings, UserRow } from "../../api/schemas.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { useApp, useText } from "../state/app-context.ts";
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
    <ActDialog
      key="role"
      title={text.roleTitle(person.name)}
      confirm={text.roleSave}
      blocked={role === person.role}
      act={act}
      onLeave={onBack}
      onClose={onClose}
    >
      <RoleChoice role={role} onChoose={setRole} />
      <p>{text.roleEnds(holdings.logins)}</p>
      {own && <p class="fault">{text.endSelf}</p>}
    </ActDialog>
  );
}

export function ChangePassword({ person, holdings, own, onBack, onClose }: AccountChange) {
  const { api } = useApp();
  const all = useText();
  const { people: text } = all;
  const [made, setMade] = useState<string | null>(null);
  if (made !== null)
    return (
      <MadePassword key="made" title={text.passwordTitle(person.name)} password={made} onDone={onClose} />
    );
  const act = async () => setMade((await api.resetPassword(person.id)).password ?? "");
  const ending = listHoldings(holdings, all, ["logins"]);
  return (
    <ActDialog
      key="password"
      title={text.passwordAsk(person.name)}
      confirm={text.passwordConfirm}
      act={act}
      onLeave={onBack}
      onClose={onClose}
    >
      <p>{text.passwordLead}</p>
      <p>{ending === "" ? text.endsNothing : text.ends(ending)}</p>
      {own && <p class="fault">{text.endSelf}</p>}
    </ActDialog>
  );
}

/** @param required the person has to have a second factor */
export function ResetFactors({
  person,
  required,
  onBack,
  onClose,
  onDone,
}: AccountChange & { readonly required: boolean }) {
  const { api } = useApp();
  const { people: text } = useText();
  const act = async () => {
    await api.resetFactors(person.id);
    onDone(text.didReset(person.name));
  };
  return (
    <ActDialog
      key="factors"
      title={text.resetTitle(person.name)}
      confirm={text.resetConfirm}
      danger
      act={act}
      onLeave={onBack}
      onClose={onClose}
    >
      <p>{text.resetLead}</p>
      <p>{required ? text.resetNew : text.resetAlone}</p>
    </ActDialog>
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
    <ActDialog
      key="disable"
      title={text.disableTitle(person.name)}
      confirm={text.disableConfirm}
      danger
      act={act}
      onLeave={onBack}
      onClose={onClose}
    >
      <p>{text.disableLead}</p>
      <WhatEnds holdings={holdings} own={own} />
      {staying !== "" && <p>{text.stays(staying)}</p>}
    </ActDialog>
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
    <ActDialog
      key="remove"
      title={text.removeTitle(person.name)}
      confirm={text.removeConfirm}
      danger
      blocked={staying !== ""}
      act={act}
      onLeave={onBack}
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
    </ActDialog>
  );
}
