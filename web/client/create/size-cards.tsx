import { usePreferences, useText } from "../state/app-context.ts";
import { formatMemory } from "../text/format.ts";
import type { MachineSize, MachineSizeName } from "./sizes.ts";

export type SizeChoice = MachineSizeName | "custom";

interface SizeCardsProps {
  readonly sizes: readonly MachineSize[];
  readonly picked: SizeChoice;
  readonly onPick: (choice: SizeChoice) => void;
}

export function SizeCards({ sizes, picked, onPick }: SizeCardsProps) {
  const { create, monitor } = useText();
  const { language } = usePreferences();
  return (
    <div class="size-cards">
      {sizes.map(({ name, cpus, memoryMb, recommended }) => (
        <label class="card size-card" key={name}>
          <input type="radio" name="size" checked={picked === name} onChange={() => onPick(name)} />
          <strong>{create[name]}</strong>
          <span>{monitor.cpus(cpus)}</span>
          <span>{formatMemory(memoryMb, language)}</span>
          {recommended && <small>{create.recommended}</small>}
        </label>
      ))}
      <label class="card size-card">
        <input type="radio" name="size" checked={picked === "custom"} onChange={() => onPick("custom")} />
        <strong>{create.custom}</strong>
        <span>{create.customHint}</span>
      </label>
    </div>
  );
}
