export { conductJourney, type AskHost } from "./conduct.ts";
export { DiskRoom, type JourneyListener, type KnownDisk } from "./disk-room.ts";
export { locateDisk, type Whereabouts } from "./locate-disk.ts";
export { planJourneys, type Itinerary } from "./plan-journeys.ts";
