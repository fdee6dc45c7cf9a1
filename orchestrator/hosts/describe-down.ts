const DAY_MS = 86_400_000;

/** @param since epoch milliseconds; null: it was never there */
export function describeDown(since: number | null, now: number): string {
  if (since === null) return "down";
  const [day = "", time = ""] = new Date(since).toISOString().split("T");
  return `down since ${now - since < DAY_MS ? "" : `${day} `}${time.slice(0, 5)} UTC`;
}
