export { ImageTransfers, type ImageTransfersContext } from "./image-transfers.ts";
export { sendImage, type SendImageOptions } from "./send-image.ts";
export { ServerImages, type ImageContent, type ServerImage } from "./server-images.ts";
