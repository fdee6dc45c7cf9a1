import type { Machine } from "../../api/schemas.ts";
import { useText } from "../state/app-context.ts";

/** Why no host has taken a machine: each host with its reason, by name for administrators. */
export function TriedHosts({ machine }: { readonly machine: Machine }) {
  const { machines } = useText();
  const waits = machine.state === "queued" || machine.state === "failed";
  if (!waits || machine.tried.length === 0) return null;
  return (
    <details class="tried">
      <summary>{machine.state === "failed" ? machines.triedFailed : machines.tried}</summary>
      <ul>
        {machine.tried.map(({ host, why }, index) => (
          <li key={index}>
            <strong>{host ?? machines.someHost(index + 1)}</strong> {why}
          </li>
        ))}
      </ul>
    </details>
  );
}
