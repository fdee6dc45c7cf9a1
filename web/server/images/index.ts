export { ImageJourneys, type ImageJourneysOptions } from "./image-journeys.ts";
export { sendImage, type SendOptions } from "./send-image.ts";
export { ServerImages, type ImageContent, type ServerImage } from "./server-images.ts";
