import type { ComponentChildren } from "preact";
import type { Machine } from "../../api/schemas.ts";
import { Menu, type MenuItem } from "../parts/menu.tsx";
import { useText } from "../state/context.ts";
import type { MachineActions } from "./use-machine-actions.ts";

interface StopMenuProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
  readonly face: ComponentChildren;
  readonly className?: string;
}

/** Stopping takes a second click: one choice asks the system, the other does not. */
export function StopMenu({ machine, actions, face, className = "button" }: StopMenuProps) {
  const { monitor } = useText();
  const shutDown: MenuItem = {
    label: monitor.shutDown,
    hint: monitor.shutDownHint,
    onChoose: () => actions.stop(false),
  };
  const switchOff: MenuItem = {
    label: monitor.switchOff,
    hint: monitor.switchOffHint,
    danger: true,
    onChoose: () => actions.stop(true),
  };
  return (
    <Menu
      label={monitor.stopNamed(machine.name)}
      face={face}
      className={className}
      note={machine.viewers > 0 ? monitor.viewers(machine.viewers) : undefined}
      items={machine.state === "stopping" ? [switchOff] : [shutDown, switchOff]}
    />
  );
}
