import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../state/app-context.ts";
import { chooseThumbnailWidth } from "./thumbnail-width.ts";

const REFRESH_MS = 2_000;
const MAX_REFRESH_MS = 30_000;

/**
 * Draws the machine's picture into `canvas` every two seconds while `active`. A picture is decoded before it
 * replaces the last one, to avoid flicker; an unchanged one (304) is not decoded. Returns whether one was
 * ever drawn.
 */
export function useThumbnail(
  canvas: RefObject<HTMLCanvasElement | null>,
  machineId: string,
  active: boolean,
): boolean {
  const { api } = useApp();
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    const target = canvas.current;
    if (!active || target === null) return;
    const stop = new AbortController();
    let timer: number | undefined;
    let etag: string | null = null;
    let wait = REFRESH_MS;

    const fetchOnce = async () => {
      const width = chooseThumbnailWidth(target.clientWidth, window.devicePixelRatio);
      const response = await fetch(api.screenshotPath(machineId, width), {
        credentials: "same-origin",
        headers: etag === null ? {} : { "if-none-match": etag },
        cache: "no-store",
        signal: stop.signal,
      });
      if (response.status === 304) return;
      if (!response.ok) throw new Error(`screen.png: ${response.status}`);
      etag = response.headers.get("etag");
      const picture = await createImageBitmap(await response.blob());
      if (!stop.signal.aborted) {
        target.width = picture.width;
        target.height = picture.height;
        target.getContext("2d")?.drawImage(picture, 0, 0);
        setDrawn(true);
      }
      picture.close();
    };

    const refresh = () => {
      fetchOnce()
        .then(
          () => (wait = REFRESH_MS),
          () => (wait = Math.min(MAX_REFRESH_MS, wait * 2)),
        )
        .finally(() => {
          if (!stop.signal.aborted) timer = window.setTimeout(refresh, wait);
        });
    };
    refresh();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [api, canvas, machineId, active]);
  return drawn;
}
