import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { useText, useWall } from "../state/app-context.ts";
import { arrangeWall } from "../state/wall-rows.ts";
import { DesktopCard } from "./desktop-card.tsx";
import { MachineCard } from "./machine-card.tsx";
import { moveFocusBetweenCards } from "./arrow-key-navigation.ts";

function EmptyWall({ onCreate }: { readonly onCreate: () => void }) {
  const { wall } = useText();
  const images = useWall((state) => state.images);
  return (
    <div class="monitor empty-monitor">
      <div class="bezel">
        <button type="button" class="screen empty-screen" data-step onClick={onCreate}>
          <span class="empty-plus">
            <Icon name="plus" />
          </span>
          <strong>{wall.emptyTitle}</strong>
          <span class="empty-lead">{images.length === 0 ? wall.emptyNoImages : wall.emptyLead}</span>
        </button>
      </div>
    </div>
  );
}

export function Wall({ onCreate }: { readonly onCreate: () => void }) {
  const text = useText();
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (box.current !== null) moveFocusBetweenCards(event, box.current);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
  const loaded = useWall((state) => state.loaded);
  const machines = useWall((state) => state.machines);
  const desktops = useWall((state) => state.desktops);
  const rows = arrangeWall({ machines, desktops });
  const images = useWall((state) => state.images);
  // Without images no machine can be created: then existing desktops are shown without the invitation to
  // create one.
  const invites = rows.machines.length === 0 && (rows.desktops.length === 0 || images.length > 0);
  const both = rows.machines.length > 0 && rows.desktops.length > 0;
  return (
    <main class="wall" id="wall" tabIndex={-1} aria-label={text.wall.title} ref={box}>
      <h1 class="unseen">{text.wall.title}</h1>
      {!loaded && (
        <p class="loading" role="status">
          {text.loading}
        </p>
      )}
      {loaded && invites && <EmptyWall onCreate={onCreate} />}
      {rows.machines.length > 0 && (
        <section class="row">
          <h2 class={both ? "row-title" : "unseen"}>{text.wall.machines}</h2>
          <div class="grid">
            {rows.machines.map((machine) => (
              <MachineCard key={machine.id} machine={machine} />
            ))}
          </div>
        </section>
      )}
      {rows.desktops.length > 0 && (
        <section class="row">
          <h2 class="row-title">{text.wall.desktops}</h2>
          <div class="grid">
            {rows.desktops.map((desktop) => (
              <DesktopCard key={desktop.id} desktop={desktop} />
            ))}
          </div>
        </section>
      )}
    </main>
  );
}
