/** Arrow keys on the wall move from one machine's screen to the nearest one in that direction. */
interface Point {
  readonly x: number;
  readonly y: number;
}

const DIRECTIONS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/** The index of the point to go to from `spots[from]`, -1 if there is none. Sideways counts double. */
export function findNearestInDirection(spots: readonly Point[], from: number, key: string): number {
  const direction = DIRECTIONS[key];
  const start = spots[from];
  if (direction === undefined || start === undefined) return -1;
  let best = -1;
  let bestCost = Infinity;
  spots.forEach((spot, index) => {
    const along = (spot.x - start.x) * direction.x + (spot.y - start.y) * direction.y;
    const across = Math.abs((spot.x - start.x) * direction.y) + Math.abs((spot.y - start.y) * direction.x);
    const cost = along + 2 * across;
    if (along > 1 && cost < bestCost) {
      best = index;
      bestCost = cost;
    }
  });
  return best;
}

/**
 * For the whole page: from the card that has the focus, or to the first one while nothing has it. Arrow keys inside a dialog, a
 * menu or a field are not for the wall.
 */
export function moveFocusBetweenCards(event: KeyboardEvent, wall: HTMLElement): void {
  if (!(event.key in DIRECTIONS) || event.defaultPrevented || !(event.target instanceof Element)) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("dialog, [role=menu], input, select, textarea, header") !== null) return;
  const screens = [...wall.querySelectorAll<HTMLElement>("[data-step]")];
  const card = event.target.closest("article, .empty-monitor");
  const from = screens.findIndex((screen) => card?.contains(screen));
  if (from === -1) {
    if (screens[0] === undefined) return;
    event.preventDefault();
    screens[0].focus();
    return;
  }
  const spots = screens.map((screen) => {
    const { left, top, width, height } = screen.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  });
  const to = screens[findNearestInDirection(spots, from, event.key)];
  if (to === undefined) return;
  event.preventDefault();
  to.focus();
}
