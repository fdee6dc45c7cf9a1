import type { ComponentChildren } from "preact";
import type { Machine } from "../../api/schemas.ts";
import { Menu, type MenuItem } from "../components/menu.tsx";
import { useText } from "../state/app-context.ts";
import type { MachineActions } from "./use-machine-actions.ts";

interface StopMenuProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
  readonly trigger: ComponentChildren;
  readonly className?: string;
}

/** Stopping takes a second click: one choice asks the guest to shut down, the other forces it. */
export function StopMenu({ machine, actions, trigger, className = "button" }: StopMenuProps) {
  const { monitor, machines } = useText();
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
  const end: MenuItem = {
    label: machines.endConfirm,
    hint: machines.endLead,
    danger: true,
    onChoose: actions.close,
  };
  const stops = machine.state === "stopping" ? [switchOff] : [shutDown, switchOff];
  return (
    <Menu
      label={machine.oneShot ? machines.endNamed(machine.name) : monitor.stopNamed(machine.name)}
      trigger={trigger}
      className={className}
      note={machine.viewers > 0 ? monitor.viewers(machine.viewers) : undefined}
      disabledReason={machine.reachable ? undefined : monitor.awayReason}
      items={machine.oneShot && machine.state !== "stopping" ? [end] : stops}
    />
  );
}
