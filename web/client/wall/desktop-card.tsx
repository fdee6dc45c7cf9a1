import { useId, useRef, useState } from "preact/hooks";
import type { Desktop } from "../../api/schemas.ts";
import { useVisibleDesktop } from "../live/use-visible-desktop.ts";
import { NativeViewerDialog } from "../native/native-viewer-dialog.tsx";

import { Icon } from "../components/icon.tsx";
import { memo } from "../components/memo.ts";
import { Menu } from "../components/menu.tsx";
import { AccessDialog } from "../rights/access-dialog.tsx";
import { targetOfDesktop } from "../rights/describe-grant.ts";
import { followLink, buildViewPath } from "../page-route.ts";
import { allows } from "../state/access.ts";
import { useApp, useText } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { explainError } from "../text/explain-error.ts";
import { StateSummary } from "./state-summary.tsx";

/** Shown instead of a live picture: a published desktop is only viewed on purpose. */
function PlaceholderPicture() {
  return (
    <svg class="quiet-picture" viewBox="0 0 160 100" aria-hidden="true" focusable="false">
      <rect x="0" y="0" width="160" height="100" class="q-ground" />
      <rect x="22" y="18" width="74" height="50" rx="4" class="q-window" />
      <rect x="22" y="18" width="74" height="9" rx="4" class="q-title" />
      <rect x="66" y="36" width="68" height="44" rx="4" class="q-window" />
      <rect x="66" y="36" width="68" height="9" rx="4" class="q-title" />
      <path class="q-lines" d="M74 54h34M74 61h46M74 68h26" />
      <rect x="0" y="92" width="160" height="8" class="q-title" />
    </svg>
  );
}

/** For those who operate the server: takes a desktop that is gone off the wall. The live updates then remove its card. */
function RemoveButton({ desktop }: { readonly desktop: Desktop }) {
  const { api } = useApp();
  const text = useText();
  const { monitor } = text;
  const [fault, setFault] = useState<string | null>(null);
  const remove = () => {
    api.removeDesktop(desktop.id).then(
      () => setFault(null),
      (error: unknown) => setFault(explainError(error, text)),
    );
  };
  return (
    <>
      <div class="actions">
        <button
          type="button"
          class="button"
          aria-label={monitor.removeDesktopNamed(desktop.name)}
          title={monitor.removeDesktopHint}
          onClick={remove}
        >
          {monitor.remove}
        </button>
      </div>
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}

export const DesktopCard = memo(function DesktopCard({ desktop }: { readonly desktop: Desktop }) {
  const { monitor, grants } = useText();
  const operates = usePower("operate");
  const titleId = useId();
  const audits = usePower("audit");
  const [dialog, setDialog] = useState<"native" | "access" | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const online = desktop.state === "online";
  const mayWatch = online && allows(desktop.access, "view");
  const mayAct = allows(desktop.access, "control");
  useVisibleDesktop(mayWatch ? desktop.id : null, box);
  return (
    <article class="monitor" data-state={desktop.state} data-desktop={desktop.id} aria-labelledby={titleId}>
      <div class="bezel">
        <div class="screen" ref={box} data-state={desktop.state}>
          {online ? <PlaceholderPicture /> : <p class="screen-hint">{monitor.offlineHint}</p>}
          {mayWatch && (
            <a
              class="screen-action over-picture"
              data-step
              href={buildViewPath(desktop.id)}
              aria-label={mayAct ? monitor.connectTo(desktop.name) : monitor.watchNamed(desktop.name)}
              onClick={followLink}
            >
              <span class="screen-label">
                <Icon name="screen" />
                {mayAct ? monitor.connect : monitor.watch}
              </span>
            </a>
          )}
        </div>
      </div>
      <div class="caption">
        <h3 id={titleId}>{desktop.name}</h3>
        <p class="system">{desktop.agent.name}</p>
        <StateSummary state={desktop.state} since={null} viewers={desktop.viewers} />
        {(mayWatch || audits) && (
          <div class="actions">
            {mayWatch && (
              <>
                <a class="button primary" href={buildViewPath(desktop.id)} onClick={followLink}>
                  {mayAct ? monitor.connect : monitor.watch}
                </a>
                <button type="button" class="button" onClick={() => setDialog("native")}>
                  {monitor.openInViewer}
                </button>
              </>
            )}
            {audits && (
              <Menu
                label={monitor.more(desktop.name)}
                trigger={<Icon name="more" />}
                className="button quiet square"
                items={[{ label: grants.menu, onChoose: () => setDialog("access") }]}
              />
            )}
          </div>
        )}
        {!online && operates && <RemoveButton desktop={desktop} />}
      </div>
      {dialog === "native" && (
        <NativeViewerDialog
          desktopId={desktop.id}
          name={desktop.name}
          watchOnly={!mayAct}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "access" && (
        <AccessDialog
          kind="desktop"
          id={desktop.id}
          name={desktop.name}
          on={targetOfDesktop(desktop)}
          onClose={() => setDialog(null)}
        />
      )}
    </article>
  );
});
