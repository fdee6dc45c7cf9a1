export { conductJourney, type AskHost } from "./conduct.ts";
export { DiskRoom, type KnownDisk } from "./disk-room.ts";
export { planJourneys, type Itinerary } from "./plan-journeys.ts";
