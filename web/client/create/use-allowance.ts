import { useEffect, useState } from "preact/hooks";
import type { Allowance } from "../../api/schemas.ts";
import { useApp, useWall } from "../state/app-context.ts";

/** What the person may have and has, asked again when machines come and go; null: not known, and nothing is refused. */
export function useAllowance(): Allowance | null {
  const { api } = useApp();
  const machines = useWall((state) => state.machines);
  const count = Object.values(machines).filter(({ state }) => state !== "stopped").length;
  const [allowance, setAllowance] = useState<Allowance | null>(null);
  useEffect(() => {
    let over = false;
    api.allowance().then(
      (answer) => {
        if (!over) setAllowance(answer);
      },
      () => undefined,
    );
    return () => {
      over = true;
    };
  }, [api, count]);
  return allowance;
}
