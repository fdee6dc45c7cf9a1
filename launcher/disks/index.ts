export { DataDisks } from "./data-disks.ts";
export { dataDiskOutfitter } from "./disk-outfitter.ts";
export type { DiskHolder } from "./disk-rules.ts";
export { DiskShelf } from "./disk-shelf.ts";
export type { DiskJourneys } from "./journey/journeys.ts";
