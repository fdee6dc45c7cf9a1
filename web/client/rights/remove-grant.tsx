import { useEffect, useState } from "preact/hooks";
import type { GrantRow } from "../../api/schemas.ts";
import { ActDialog } from "../components/act-dialog.tsx";
import { useApp, useText } from "../state/app-context.ts";
import { nameTarget } from "./describe-grant.ts";

interface RemoveGrantProps {
  readonly grant: GrantRow;
  readonly leave: string;
  readonly onLeave: () => void;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Takes a grant back, and says first how many people it touches. */
export function RemoveGrant({ grant, leave, onLeave, onDone, onClose }: RemoveGrantProps) {
  const { api, wall } = useApp();
  const all = useText();
  const { grants: text } = all;
  const { to, may } = grant;
  const [touched, setTouched] = useState(to.kind === "user" ? 1 : null);
  useEffect(() => {
    if (to.kind === "user") return;
    // Where it cannot be told, the grant can be removed all the same.
    api.group(to.id).then(
      ({ members }) => setTouched(members),
      () => undefined,
    );
  }, [api, to.id, to.kind]);
  const act = async () => {
    await api.removeGrant(grant.id);
    wall.dispatch({ type: "notice", notice: text.removed });
    onDone();
  };
  return (
    <ActDialog
      title={text.removeTitle}
      confirm={text.removeConfirm}
      danger
      leave={leave}
      onLeave={onLeave}
      act={act}
      onClose={onClose}
    >
      <p>{text.removeSays(to.name, text.levels[may], nameTarget(grant, all))}</p>
      {touched !== null && <p>{text.removeTouches(touched)}</p>}
      <p>{may === "none" ? text.removeDenial : text.removeEnds}</p>
    </ActDialog>
  );
}
