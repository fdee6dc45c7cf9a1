import { useCallback, useEffect, useState } from "preact/hooks";
import type { GrantRow, GroupRow } from "../../api/schemas.ts";
import { OWN_SOURCE } from "../api/server-values.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { Dialog } from "../components/dialog.tsx";
import { GrantDialog } from "../rights/grant-dialog.tsx";
import { GrantList } from "../rights/grant-list.tsx";
import { RemoveGrant } from "../rights/remove-grant.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import { ChangeLimits } from "./change-limits.tsx";
import type { GroupAct } from "./group-act.ts";
import { describeLimits } from "./group-limits.ts";
import { GroupMembers } from "./group-members.tsx";
import { RenameGroup } from "./rename-group.tsx";

/** Of one group, in its dialog. */
const MAX_SHOWN = 1000;

interface GroupDialogProps {
  readonly group: GroupRow;
  readonly onChanged: () => void;
  readonly onClose: () => void;
}

type Act = "members" | "limits" | "rename" | "grant" | "remove" | GrantRow;

/** One group: who says who is in it, what its people may have and use. */
export function GroupDialog({ group: opened, onChanged, onClose }: GroupDialogProps) {
  const { api, wall } = useApp();
  const all = useText();
  const { groups: text } = all;
  const administers = usePower("administer");
  const [group, setGroup] = useState(opened);
  const [grants, setGrants] = useState<readonly GrantRow[] | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [act, setAct] = useState<Act | null>(null);

  const load = useCallback(() => {
    const abort = new AbortController();
    const find = async () => {
      const fresh = await api.group(opened.id);
      setGroup(fresh);
      setGrants(await api.grants({ to: `group:${fresh.name}`, limit: MAX_SHOWN }, abort.signal));
    };
    find().catch(setFault);
    return () => abort.abort();
  }, [api, opened.id]);
  useEffect(load, [load]);

  const back = () => setAct(null);
  const done = () => {
    setAct(null);
    load();
    onChanged();
  };
  const common = { leave: text.back, onLeave: back, onDone: done, onClose };
  const change: GroupAct = {
    ...{ group, onBack: back, onClose, onDone: done },
    onChanged: () => {
      load();
      onChanged();
    },
  };
  if (act === "members") return <GroupMembers key="members" {...change} />;
  if (act === "limits") return <ChangeLimits key="limits" {...change} />;
  if (act === "rename") return <RenameGroup key="rename" {...change} />;
  if (act === "grant")
    return (
      <GrantDialog
        key="grant"
        title={all.grants.addFor(group.name)}
        to={{ kind: "group", name: group.name }}
        {...common}
      />
    );
  if (act === "remove")
    return (
      <ActDialog
        key="remove"
        title={text.removeTitle(group.name)}
        confirm={text.removeConfirm}
        danger
        leave={text.back}
        onLeave={back}
        blocked={grants === null}
        act={async () => {
          await api.removeGroup(group.id);
          wall.dispatch({ type: "notice", notice: text.didRemove(group.name) });
          onChanged();
          onClose();
        }}
        onClose={onClose}
      >
        <p>
          {grants?.length === MAX_SHOWN
            ? text.removeMore(group.members)
            : text.removeLead(group.members, grants?.length ?? 0)}
        </p>
        <p>{text.removeEnds}</p>
      </ActDialog>
    );
  if (act !== null) return <RemoveGrant key="ungrant" grant={act} {...common} />;

  return (
    <Dialog key="group" title={group.name} onClose={onClose}>
      <dl class="facts">
        <dt>{text.source}</dt>
        <dd>
          {group.source === OWN_SOURCE ? text.own : text.byProvider(group.source)}
          {group.source !== OWN_SOURCE && <small>{group.knownAs}</small>}
        </dd>
        <dt>{text.members}</dt>
        <dd>{text.people(group.members)}</dd>
        <dt>{text.limits}</dt>
        <dd>{describeLimits(group.limits, all) || text.noLimits}</dd>
      </dl>
      <p class="fault" role="alert">
        {fault !== null && explainError(fault, all)}
      </p>
      <h3>{text.grantsOf}</h3>
      {grants === null && fault === null && <p role="status">{all.loading}</p>}
      {grants?.length === 0 && <p class="fine">{text.noGrants}</p>}
      {grants !== null && grants.length > 0 && (
        <GrantList grants={grants} ofOne onRemove={administers ? setAct : null} />
      )}
      <div class="person-actions">
        <button type="button" class="button" onClick={() => setAct("members")}>
          {text.showMembers}
        </button>
        {administers && (
          <>
            <button type="button" class="button" onClick={() => setAct("limits")}>
              {text.changeLimits}
            </button>
            <button type="button" class="button" onClick={() => setAct("rename")}>
              {text.rename}
            </button>
            <button type="button" class="button" onClick={() => setAct("grant")}>
              {text.addGrant}
            </button>
            <button type="button" class="button" onClick={() => setAct("remove")}>
              {text.remove}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
