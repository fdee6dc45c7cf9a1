export { conductJourney, type AskHost } from "./conduct.ts";
export { planJourneys, type Itinerary } from "./plan-journeys.ts";
