import type { GroupRow } from "../../api/schemas.ts";

/** A change of a group, in the place of its dialog. */
export interface GroupAct {
  readonly group: GroupRow;
  readonly onBack: () => void;
  readonly onClose: () => void;
  /** The group is another one now, and the act goes on. */
  readonly onChanged: () => void;
  readonly onDone: (group: GroupRow) => void;
}
