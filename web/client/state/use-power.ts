import type { Power } from "../../api/schemas.ts";
import { useWall } from "./app-context.ts";

/** Whether the person who is signed in may do this; the server has the last word. */
export function usePower(power: Power): boolean {
  return useWall(({ me }) => typeof me === "object" && me !== null && me.powers.includes(power));
}
