import { useEffect, useState } from "preact/hooks";
import type { FactorList, UserHoldings, UserRow } from "../../api/schemas.ts";
import { LOCAL_ACCOUNTS } from "../api/server-values.ts";
import { Dialog } from "../components/dialog.tsx";
import { useApp, usePreferences, useText, useWall } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import { formatDate } from "../text/format.ts";
import { listHoldings } from "./list-holdings.ts";
import { PersonAccess } from "./person-access.tsx";
import {
  ChangePassword,
  ChangeRole,
  Disable,
  Remove,
  ResetFactors,
  type AccountChange,
} from "./person-changes.tsx";
import { PersonLogins } from "./person-logins.tsx";

type Act = "access" | "role" | "password" | "logins" | "factors" | "disable" | "remove";

interface PersonDialogProps {
  readonly person: UserRow;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

/** What a change would touch, and whether this is the last one who can administer; null: not known yet. */
function useStanding({ id, role, state }: UserRow) {
  const { api } = useApp();
  const [holdings, setHoldings] = useState<UserHoldings | null>(null);
  const [factors, setFactors] = useState<FactorList | null>(null);
  const [onlyAdmin, setOnlyAdmin] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  useEffect(() => {
    const abort = new AbortController();
    api.holdings(id).then(setHoldings, setFault);
    api.factors(id).then(setFactors, setFault);
    if (role === "admin" && state === "enabled")
      api
        .people({ role: "admin", state: "enabled", limit: 2 }, abort.signal)
        .then((admins) => setOnlyAdmin(admins.length === 1), setFault);
    return () => abort.abort();
  }, [api, id]);
  return { holdings, factors, onlyAdmin, fault };
}

/** One person's account: what it is, what belongs to it, and what an administrator can do with it. */
export function PersonDialog({ person, onChanged, onClose }: PersonDialogProps) {
  const { api, wall } = useApp();
  const all = useText();
  const { people: text, account, roles } = all;
  const { language } = usePreferences();
  const administers = usePower("administer");
  const own = useWall(({ me }) => typeof me === "object" && me?.name === person.name);
  const { holdings, factors, onlyAdmin, fault } = useStanding(person);
  const [act, setAct] = useState<Act | null>(null);
  const [failed, setFailed] = useState<unknown>(null);

  const finish = (notice: string) => {
    wall.dispatch({ type: "notice", notice });
    onChanged();
    onClose();
  };
  const enable = () => {
    api
      .changePerson(person.id, { state: "enabled" })
      .then(() => finish(text.didEnable(person.name)), setFailed);
  };

  if (act === "logins")
    return (
      <PersonLogins person={person} canEnd={administers} onBack={() => setAct(null)} onClose={onClose} />
    );
  if (act === "access") return <PersonAccess person={person} onBack={() => setAct(null)} onClose={onClose} />;
  if (act !== null && holdings !== null) {
    const change: AccountChange = {
      person,
      holdings,
      own,
      onBack: () => setAct(null),
      onClose,
      onDone: finish,
    };
    if (act === "role") return <ChangeRole {...change} />;
    if (act === "password") return <ChangePassword {...change} />;
    if (act === "factors") return <ResetFactors {...change} required={factors?.required === true} />;
    return act === "disable" ? <Disable {...change} /> : <Remove {...change} />;
  }

  const shown = fault ?? failed;
  return (
    <Dialog key="person" title={person.name} onClose={onClose}>
      <dl class="facts">
        <dt>{text.role}</dt>
        <dd>
          {roles.names[person.role]}
          <small>{roles.may[person.role]}</small>
        </dd>
        <dt>{text.state}</dt>
        <dd>{person.state === "enabled" ? text.stateEnabled : text.stateDisabled}</dd>
        <dt>{text.signsIn}</dt>
        <dd>
          {person.provider === LOCAL_ACCOUNTS ? account.byPassword : account.byService(person.provider)}
        </dd>
        <dt>{all.factors.title}</dt>
        <dd>{factors === null ? all.loading : describeFactors(factors)}</dd>
        <dt>{text.email}</dt>
        <dd>{person.email ?? account.noEmail}</dd>
        <dt>{text.since}</dt>
        <dd>{formatDate(person.createdAt, language)}</dd>
        <dt>{text.holdings}</dt>
        <dd>{holdings === null ? all.loading : listHoldings(holdings, all) || text.nothing}</dd>
      </dl>
      {own && <p class="lead">{text.you}</p>}
      {onlyAdmin && <p class="lead">{text.lastAdmin}</p>}
      {administers && person.provider !== LOCAL_ACCOUNTS && (
        <p class="lead">{text.elsewhere(person.provider)}</p>
      )}
      {shown !== null && (
        <p class="fault" role="alert">
          {explainError(shown, all)}
        </p>
      )}
      <div class="person-actions">
        <button type="button" class="button" onClick={() => setAct("logins")}>
          {text.showLogins}
        </button>
        <button type="button" class="button" onClick={() => setAct("access")}>
          {text.showAccess}
        </button>
        {administers && (
          <>
            <button type="button" class="button" disabled={onlyAdmin} onClick={() => setAct("role")}>
              {text.changeRole}
            </button>
            {person.provider === LOCAL_ACCOUNTS && (
              <button type="button" class="button" onClick={() => setAct("password")}>
                {text.newPassword}
              </button>
            )}
            {factors !== null && factors.factors.length > 0 && (
              <button type="button" class="button" onClick={() => setAct("factors")}>
                {text.resetFactors}
              </button>
            )}
            {person.state === "disabled" ? (
              <button type="button" class="button" onClick={enable}>
                {text.enable}
              </button>
            ) : (
              <button type="button" class="button" disabled={onlyAdmin} onClick={() => setAct("disable")}>
                {text.disable}
              </button>
            )}
            <button type="button" class="button" disabled={onlyAdmin} onClick={() => setAct("remove")}>
              {text.remove}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );

  function describeFactors({ factors: known, required }: FactorList): string {
    const apps = known.filter(({ kind }) => kind === "totp").length;
    const passkeys = known.length - apps;
    const parts = [apps > 0 && text.apps(apps), passkeys > 0 && text.passkeys(passkeys)];
    if (known.length > 0) return parts.filter(Boolean).join(", ");
    return required ? text.factorsDue : text.factorsOff;
  }
}
