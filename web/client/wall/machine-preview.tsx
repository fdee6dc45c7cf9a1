import { hasDisplay, hasGuest, isOn } from "../../../protocol/mip2/machine-state.ts";
import { useRef } from "preact/hooks";
import type { Machine } from "../../api/schemas.ts";
import { Icon } from "../components/icon.tsx";
import { followLink, buildViewPath } from "../page-route.ts";
import { allows } from "../state/access.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { explainReason } from "../text/explain-reason.ts";
import { formatShare } from "../text/format.ts";
import type { MachineActions } from "../machine/use-machine-actions.ts";
import { useThumbnail } from "./use-thumbnail.ts";
import { useVisible } from "../live/use-visible.ts";

interface MachinePreviewProps {
  readonly machine: Machine;
  readonly actions: MachineActions;
}

/** The screen on a machine's card: its picture, or what a click will do. */
export function MachinePreview({ machine, actions }: MachinePreviewProps) {
  const text = useText();
  const { monitor, machines } = text;
  const { language } = usePreferences();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { state, name, desktopId } = machine;
  // What it waits for, or why it failed, is not its host's to say.
  const away = !machine.reachable && state !== "queued" && state !== "failed";
  const lit = hasDisplay(state) && !away;
  const visible = useVisible(box);
  const mayWatch = allows(machine.access, "view");
  const mayAct = allows(machine.access, "control");
  const drawn = useThumbnail(canvas, machine.id, visible && hasGuest(state) && !away && mayWatch);
  const reason = explainReason(machine, text);
  const hints: Partial<Record<Machine["state"], string>> = {
    queued: reason ?? monitor.queuedHint,
    preparing: reason ?? (machine.fetching === true ? machines.fetchingHint : monitor.preparingHint),
    booting: monitor.bootingHint,
    paused: machines.pausedHint,
    saving: machines.savingHint,
    stopping: monitor.stoppingHint,
  };
  const hint = away
    ? monitor.awayHint
    : (hints[state] ?? (lit && !mayWatch ? monitor.seeOnlyHint : undefined));
  const share = away ? null : machine.progress;

  return (
    <div class="screen" ref={box} data-state={away ? "offline" : state}>
      <canvas
        ref={canvas}
        class="picture"
        hidden={!lit || !drawn}
        role="img"
        aria-label={monitor.screenOf(name)}
      />
      {hint !== undefined && !(lit && drawn) && (
        <p class="screen-hint">
          {hint}
          {share !== null && state !== "queued" && (
            <span class="share">{machines.percent(formatShare(share, language))}</span>
          )}
        </p>
      )}
      {state === "failed" && (
        <p class="screen-reason">
          <Icon name="alert" />
          {reason ?? monitor.failedUnknown}
        </p>
      )}
      {state === "stopped" && !away && mayAct && (
        <button
          type="button"
          class="screen-action"
          data-step
          disabled={actions.busy || share !== null}
          aria-label={machine.saved ? machines.goOnNamed(name) : monitor.startNamed(name)}
          onClick={actions.start}
        >
          <span class="screen-label">
            <Icon name="play" />
            {machine.saved ? machines.goOn : monitor.start}
          </span>
          {share !== null && (
            <span class="screen-note">
              {machines.copyingHint}, {machines.percent(formatShare(share, language))}
            </span>
          )}
          {machine.saved && <span class="screen-note">{machines.savedHint}</span>}
        </button>
      )}
      {state === "paused" && !away && mayAct && (
        <button
          type="button"
          class="screen-action"
          data-step
          disabled={actions.busy}
          aria-label={machines.resumeNamed(name)}
          onClick={() => actions.sendCommand("resume")}
        >
          <span class="screen-label">
            <Icon name="play" />
            {machines.resume}
          </span>
        </button>
      )}
      {desktopId !== null && isOn(state) && !away && mayWatch && (
        <a
          class="screen-action over-picture"
          data-step
          href={buildViewPath(desktopId)}
          aria-label={mayAct ? monitor.connectTo(name) : monitor.watchNamed(name)}
          onClick={followLink}
        >
          <span class="screen-label">
            <Icon name="screen" />
            {mayAct ? monitor.connect : monitor.watch}
          </span>
        </a>
      )}
      <div
        class="progress"
        data-known={share !== null}
        style={share === null ? undefined : { "--share": String(share) }}
        role={share === null ? undefined : "progressbar"}
        aria-hidden={share === null}
        aria-label={share === null ? undefined : (hint ?? name)}
        aria-valuenow={share === null ? undefined : Math.round(share * 100)}
      />
    </div>
  );
}
