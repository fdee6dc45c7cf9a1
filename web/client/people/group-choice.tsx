import { useEffect, useState } from "preact/hooks";
import type { GroupRow } from "../../api/schemas.ts";
import { OWN_SOURCE } from "../api/server-values.ts";
import { useApp, useText } from "../state/app-context.ts";

/** As many as one answer has. */
const MOST = 1000;

interface GroupChoiceProps {
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}

/** Groups that a new account enters. */
export function GroupChoice({ chosen, onChoose }: GroupChoiceProps) {
  const { api } = useApp();
  const { newcomers: text } = useText();
  const [groups, setGroups] = useState<readonly GroupRow[]>([]);
  useEffect(() => {
    const asked = new AbortController();
    // Without groups there is still an account to be made.
    api.groups({ limit: MOST }, asked.signal).then(
      (all) => setGroups(all.filter(({ source }) => source === OWN_SOURCE)),
      () => undefined,
    );
    return () => asked.abort();
  }, [api]);
  const toggle = (id: string, isChosen: boolean) =>
    onChoose(isChosen ? [...chosen, id] : chosen.filter((one) => one !== id));
  return (
    <fieldset class="group-choice">
      <legend>{text.groups}</legend>
      {groups.length === 0 && <small>{text.noGroups}</small>}
      {groups.map(({ id, name }) => (
        <label key={id}>
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) => toggle(id, event.currentTarget.checked)}
          />
          {name}
        </label>
      ))}
    </fieldset>
  );
}
