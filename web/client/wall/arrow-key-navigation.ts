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

export function moveFocusBetweenCards(event: KeyboardEvent): void {
  if (!(event.key in DIRECTIONS) || !(event.currentTarget instanceof HTMLElement)) return;
  const screens = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-step]")];
  const from = screens.findIndex((screen) => screen === document.activeElement);
  const spots = screens.map((screen) => {
    const { left, top, width, height } = screen.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  });
  const to = screens[findNearestInDirection(spots, from, event.key)];
  if (to === undefined) return;
  event.preventDefault();
  to.focus();
}
