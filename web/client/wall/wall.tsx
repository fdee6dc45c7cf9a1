import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";
import { usePreferences, useText, useWall } from "../state/app-context.ts";
import { arrangeWall, type WallRows } from "../state/wall-rows.ts";
import { groupWall, searchWall, takeCards, type CardGroup } from "../state/wall-view.ts";
import { DesktopCard } from "./desktop-card.tsx";
import { MachineCard } from "./machine-card.tsx";
import { moveFocusBetweenCards } from "./arrow-key-navigation.ts";
import { useMoreOnScroll } from "./use-more-on-scroll.ts";
import { WallBar } from "./wall-bar.tsx";

/** Fewer cards are seen at a glance. */
const CARDS_AT_A_GLANCE = 12;

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
  const all = useMemo(() => arrangeWall({ machines, desktops }), [machines, desktops]);
  const images = useWall((state) => state.images);
  const { wallGroup, cardSize } = usePreferences();
  const [search, setSearch] = useState("");
  // Without images no machine can be created: then existing desktops are shown without the invitation to
  // create one.
  const invites = all.machines.length === 0 && (all.desktops.length === 0 || images.length > 0);
  const hasMany = countCards(all) > CARDS_AT_A_GLANCE;
  const rows = hasMany ? searchWall(all, search) : all;
  const both = rows.machines.length > 0 && rows.desktops.length > 0;
  const groups: readonly CardGroup[] =
    hasMany && wallGroup !== "kind"
      ? groupWall(rows, wallGroup)
      : [
          { key: "machines", title: text.wall.machines, machines: rows.machines, desktops: [] },
          { key: "desktops", title: text.wall.desktops, machines: [], desktops: rows.desktops },
        ];
  const { count, end } = useMoreOnScroll(`${wallGroup} ${search}`);
  return (
    <main
      class="wall"
      id="wall"
      tabIndex={-1}
      aria-label={text.wall.title}
      data-size={hasMany ? cardSize : "large"}
      ref={box}
    >
      <h1 class="unseen">{text.wall.title}</h1>
      {!loaded && (
        <p class="loading" role="status">
          {text.loading}
        </p>
      )}
      {hasMany && (
        <WallBar search={search} onSearch={setSearch} shown={countCards(rows)} all={countCards(all)} />
      )}
      {loaded && invites && <EmptyWall onCreate={onCreate} />}
      {hasMany && countCards(rows) === 0 && <p class="panel-empty">{text.wall.noMatch}</p>}
      {takeCards(groups, count).map(({ key, title, ...cards }) => (
        <Row
          key={key}
          title={title ?? (wallGroup === "host" ? text.wall.noHost : text.wall.noOwner)}
          hidesTitle={key === "machines" && !both}
          {...cards}
        />
      ))}
      {count < countCards(rows) && <div ref={end} aria-hidden="true" />}
    </main>
  );
}

function countCards({ machines, desktops }: WallRows): number {
  return machines.length + desktops.length;
}

function Row({
  title,
  hidesTitle,
  machines,
  desktops,
}: WallRows & { readonly title: string; readonly hidesTitle: boolean }) {
  if (machines.length + desktops.length === 0) return null;
  return (
    <section class="row">
      <h2 class={hidesTitle ? "unseen" : "row-title"}>{title}</h2>
      <div class="grid">
        {machines.map((machine) => (
          <MachineCard key={machine.id} machine={machine} />
        ))}
        {desktops.map((desktop) => (
          <DesktopCard key={desktop.id} desktop={desktop} />
        ))}
      </div>
    </section>
  );
}
