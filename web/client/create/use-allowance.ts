import { useEffect, useState } from "preact/hooks";
import type { Allowance } from "../../api/schemas.ts";
import { useApp, useWall } from "../state/app-context.ts";

/**
 * The person's allowance and usage, reloaded when the number of active machines changes. Null: unknown, so
 * nothing is refused.
 */
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
