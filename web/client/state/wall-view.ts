import type { Desktop, Machine } from "../../api/schemas.ts";
import { byName, type WallRows } from "./wall-rows.ts";

/** How cards are put together: `kind` is machines, then desktops. */
export const WALL_GROUPS = ["kind", "host", "owner"] as const;
export type WallGroup = (typeof WALL_GROUPS)[number];

export const CARD_SIZES = ["large", "compact"] as const;
export type CardSize = (typeof CARD_SIZES)[number];

export interface CardGroup extends WallRows {
  readonly key: string;
  /** Null: these have no host or owner that is known. */
  readonly title: string | null;
}

const MARKS = /\p{M}/gu;

/** What search ignores: case, and marks over letters. */
function simplify(text: string): string {
  return text.normalize("NFD").replace(MARKS, "").toLowerCase();
}

/** Cards in which every word of `search` occurs: in name, system, host, owner or address. */
export function searchWall({ machines, desktops }: WallRows, search: string): WallRows {
  const words = simplify(search).split(/\s+/).filter(Boolean);
  const fits = (...texts: readonly (string | null)[]): boolean => {
    const text = simplify(texts.join("\n"));
    return words.every((word) => text.includes(word));
  };
  return {
    machines: machines.filter(({ name, imageTitle, host, owner, addresses = [] }) =>
      fits(name, imageTitle, host, owner, ...addresses),
    ),
    desktops: desktops.filter(({ name, agent }) => fits(name, agent.name)),
  };
}

/** Groups by name; what has none comes last. A desktop that an agent publishes has no owner. */
export function groupWall(rows: WallRows, group: Exclude<WallGroup, "kind">): readonly CardGroup[] {
  const groups = new Map<string | null, { machines: Machine[]; desktops: Desktop[] }>();
  const groupOf = (title: string | null) => {
    const known = groups.get(title) ?? { machines: [], desktops: [] };
    groups.set(title, known);
    return known;
  };
  for (const machine of rows.machines) groupOf(machine[group]).machines.push(machine);
  for (const desktop of rows.desktops)
    groupOf(group === "host" ? desktop.agent.name : null).desktops.push(desktop);
  return [...groups]
    .sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : byName.compare(a, b)))
    .map(([title, cards]) => ({ key: title === null ? "none" : `of ${title}`, title, ...cards }));
}

/** The first `count` cards of all groups; groups without one are left out. */
export function takeCards(groups: readonly CardGroup[], count: number): readonly CardGroup[] {
  let left = count;
  const take = <Card>(cards: readonly Card[]): readonly Card[] => {
    const taken = cards.slice(0, left);
    left -= taken.length;
    return taken;
  };
  return groups
    .map((group) => ({ ...group, machines: take(group.machines), desktops: take(group.desktops) }))
    .filter(({ machines, desktops }) => machines.length + desktops.length > 0);
}
