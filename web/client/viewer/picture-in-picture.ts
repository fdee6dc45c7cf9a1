/** Whether this browser can show the picture in a small window over all others. */
export function canFloat(): boolean {
  return (
    "pictureInPictureEnabled" in document &&
    document.pictureInPictureEnabled &&
    "captureStream" in HTMLCanvasElement.prototype
  );
}

/**
 * Shows a canvas in a small window over all others, or takes that window away.
 * @throws DOMException when the browser refuses
 */
export async function toggleFloating(canvas: HTMLCanvasElement): Promise<void> {
  if (document.pictureInPictureElement !== null) return document.exitPictureInPicture();
  const video = document.createElement("video");
  const stream = canvas.captureStream();
  video.muted = true;
  video.srcObject = stream;
  video.addEventListener("leavepictureinpicture", () => {
    for (const track of stream.getTracks()) track.stop();
  });
  // Its size is known with the first frame.
  await video.play();
  await video.requestPictureInPicture();
}
