import { useRef } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { Icon } from "../parts/icon.tsx";
import { followLink, viewPath } from "../route.ts";
import { useText } from "../state/context.ts";
import type { MachineActions } from "./use-machine-actions.ts";
import { useThumbnail } from "./use-thumbnail.ts";
import { useVisible } from "../parts/use-visible.ts";

interface MachineScreenProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
}

/** The glass of a machine's monitor: its picture, or what a click will do. */
export function MachineScreen({ machine, actions }: MachineScreenProps) {
  const { monitor } = useText();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { state, name, desktopId } = machine;
  const lit = state === "booting" || state === "running" || state === "stopping";
  const visible = useVisible(box);
  const drawn = useThumbnail(canvas, machine.id, visible && (state === "booting" || state === "running"));
  const hints: Partial<Record<Machine["state"], string>> = {
    queued: machine.reason ?? monitor.queuedHint,
    preparing: monitor.preparingHint,
    booting: monitor.bootingHint,
    stopping: monitor.stoppingHint,
  };
  const hint = hints[state];

  return (
    <div class="screen" ref={box} data-state={state}>
      <canvas
        ref={canvas}
        class="picture"
        hidden={!lit || !drawn}
        role="img"
        aria-label={monitor.screenOf(name)}
      />
      {hint !== undefined && !(lit && drawn) && <p class="screen-hint">{hint}</p>}
      {state === "failed" && (
        <p class="screen-reason">
          <Icon name="alert" />
          {machine.reason ?? monitor.failedUnknown}
        </p>
      )}
      {state === "stopped" && (
        <button
          type="button"
          class="screen-action"
          data-step
          disabled={actions.busy}
          aria-label={monitor.startNamed(name)}
          onClick={actions.start}
        >
          <span class="screen-label">
            <Icon name="play" />
            {monitor.start}
          </span>
        </button>
      )}
      {desktopId !== null && (state === "booting" || state === "running") && (
        <a
          class="screen-action over-picture"
          data-step
          href={viewPath(desktopId)}
          aria-label={monitor.connectTo(name)}
          onClick={followLink}
        >
          <span class="screen-label">
            <Icon name="screen" />
            {monitor.connect}
          </span>
        </a>
      )}
      <div class="progress" aria-hidden="true" />
    </div>
  );
}
