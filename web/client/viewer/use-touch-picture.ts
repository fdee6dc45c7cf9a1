import type RFB from "@novnc/novnc";
import type { RefObject } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { panPicture, revealPlace, WHOLE_PICTURE, zoomPicture, type PictureZoom } from "./picture-zoom.ts";
import { TouchGestures, type After, type Place } from "./touch-gestures.ts";
import { TouchPointer, type TouchMode } from "./touch-pointer.ts";

interface TouchPictureOptions {
  /** Where noVNC draws: fills its parent, but for the zoom. */
  readonly place: RefObject<HTMLElement | null>;
  readonly rfb: RFB | null;
  readonly mode: TouchMode;
  readonly fit: boolean;
  readonly onFit: (fit: boolean) => void;
}

const afterInWindow: After = (ms, run) => {
  const timer = window.setTimeout(run, ms);
  return () => window.clearTimeout(timer);
};

function applyZoom(place: HTMLElement, rfb: RFB | null, { zoom, x, y }: PictureZoom): void {
  place.style.width = `${zoom * 100}%`;
  place.style.height = `${zoom * 100}%`;
  place.style.transform = zoom === 1 ? "" : `translate(${x}px, ${y}px)`;
  // noVNC follows a change of size one frame late, and the picture would tremble under the fingers.
  if (rfb?.scaleViewport === true) rfb.scaleViewport = true;
}

/** What is larger than its window in actual size becomes a zoomed picture that lies in the same way. */
function readActualSize(canvas: HTMLElement, stage: HTMLElement): PictureZoom | null {
  const box = stage.getBoundingClientRect();
  const picture = canvas.getBoundingClientRect();
  const zoom = Math.max(picture.width / box.width, picture.height / box.height);
  if (!(zoom > 1)) return null;
  return {
    zoom,
    x: picture.left - box.left - (zoom * box.width - picture.width) / 2,
    y: picture.top - box.top - (zoom * box.height - picture.height) / 2,
  };
}

/** Fingers on the picture: they are the desktop's mouse, zoom the picture and move it. noVNC gets none of their events. */
export function useTouchPicture({ place, rfb, mode, fit, onFit }: TouchPictureOptions): {
  /** The picture is larger than its window. */
  readonly zoomed: boolean;
  readonly resetZoom: () => void;
} {
  const picture = useRef(WHOLE_PICTURE);
  const [zoomed, setZoomed] = useState(false);
  const latest = useRef({ fit, onFit });
  latest.current = { fit, onFit };

  const show = useCallback(
    (next: PictureZoom) => {
      picture.current = next;
      if (place.current !== null) applyZoom(place.current, rfb, next);
      setZoomed(next.zoom > 1);
    },
    [place, rfb],
  );
  const resetZoom = useCallback(() => show(WHOLE_PICTURE), [show]);

  useEffect(() => {
    const target = place.current;
    const stage = target?.parentElement;
    if (rfb === null || target === null || !stage) return;
    const canvas = target.querySelector("canvas");
    if (canvas === null) return;
    rfb.showDotCursor = mode === "trackpad";

    let buttons = 0;
    const point = (at: Place, next: number) => {
      const stageBox = stage.getBoundingClientRect();
      const { left, top } = canvas.getBoundingClientRect();
      const [clientX, clientY] = [at.x + stageBox.left, at.y + stageBox.top];
      rfb._fakeMouseMove({ detail: { clientX, clientY } }, clientX - left, clientY - top);
      if (next !== buttons) rfb._handleMouseButton(clientX - left, clientY - top, next);
      buttons = next;
    };
    const clamp = (at: Place): Place => {
      const stageBox = stage.getBoundingClientRect();
      const box = canvas.getBoundingClientRect();
      return {
        x: Math.min(Math.max(at.x, box.left - stageBox.left), box.right - stageBox.left - 1),
        y: Math.min(Math.max(at.y, box.top - stageBox.top), box.bottom - stageBox.top - 1),
      };
    };
    const size = () => stage.getBoundingClientRect();
    const pointer = new TouchPointer(
      mode,
      {
        ...{ point, clamp },
        isZoomed: () => picture.current.zoom > 1,
        pan: (by) => show(panPicture(picture.current, by, size())),
        zoom: (factor, at) => {
          if (!latest.current.fit) latest.current.onFit(true);
          rfb.scaleViewport = true;
          show(zoomPicture(picture.current, factor, at, size()));
        },
        reveal: (at) => {
          const before = picture.current;
          if (before.zoom === 1) return at;
          const after = revealPlace(before, at, size());
          show(after);
          return { x: at.x + after.x - before.x, y: at.y + after.y - before.y };
        },
      },
      { x: stage.clientWidth / 2, y: stage.clientHeight / 2 },
      afterInWindow,
    );
    const gestures = new TouchGestures(pointer.handle, afterInWindow);

    const follow = (event: TouchEvent) => {
      event.stopPropagation();
      if (event.cancelable) event.preventDefault();
      if (event.type === "touchcancel") {
        gestures.cancel();
        return;
      }
      if (event.type === "touchstart") {
        // The phone's keyboard stays open for whoever types with it.
        if (document.activeElement?.classList.contains("touch-keyboard") !== true) rfb.focus();
        const actual = latest.current.fit ? null : readActualSize(canvas, stage);
        if (actual !== null) {
          latest.current.onFit(true);
          rfb.scaleViewport = true;
          show(actual);
        }
      }
      const { left, top } = stage.getBoundingClientRect();
      const fingers = [...event.targetTouches].map(({ identifier, clientX, clientY }) => ({
        ...{ id: identifier, x: clientX - left, y: clientY - top },
      }));
      gestures.update(fingers);
    };
    const types = ["touchstart", "touchmove", "touchend", "touchcancel"] as const;
    for (const type of types) target.addEventListener(type, follow, { capture: true, passive: false });
    return () => {
      gestures.cancel();
      pointer.stop();
      for (const type of types) target.removeEventListener(type, follow, { capture: true });
    };
  }, [place, rfb, mode, show]);

  return { zoomed, resetZoom };
}
