import type { After, Gesture, Place } from "./touch-gestures.ts";

/** `direct`: the pointer is where the finger is. `trackpad`: the finger pushes it, wherever it is. */
export const TOUCH_MODES = ["direct", "trackpad"] as const;
export type TouchMode = (typeof TOUCH_MODES)[number];

export const POINTER_BUTTONS = {
  left: 1,
  middle: 2,
  right: 4,
  ...{ wheelUp: 8, wheelDown: 16, wheelLeft: 32, wheelRight: 64 },
} as const;

/** The picture that fingers are on. Places are of the window. */
export interface TouchPicture {
  readonly isZoomed: () => boolean;
  /** The desktop's pointer is there, with these buttons down (RFB's mask). */
  readonly point: (at: Place, buttons: number) => void;
  /** The nearest place of the picture. */
  readonly clamp: (at: Place) => Place;
  readonly pan: (by: Place) => void;
  readonly zoom: (factor: number, at: Place) => void;
  /** Moves a zoomed picture until the place is well in the window. @returns where the same place of the picture is then */
  readonly reveal: (at: Place) => Place;
}

/** So soon after a tap, another finger is part of it: a double tap, or one that drags. */
const TAP_AGAIN_MS = 220;
/** Taps that follow one another are meant for one place. */
const SAME_PLACE_MS = 600;
const SAME_PLACE_PX = 40;
/** A step of the wheel, as noVNC has it. */
const WHEEL_STEP_PX = 50;
/** The pointer goes faster than the finger when this one is fast, as touchpads do it. */
const SLOWEST = 1.2;
const FASTEST = 3;
const PX_PER_SPEED = 12;

function accelerate(by: Place): Place {
  const speed = Math.min(FASTEST, SLOWEST + Math.hypot(by.x, by.y) / PX_PER_SPEED);
  return { x: by.x * speed, y: by.y * speed };
}

/** Turns gestures into what a mouse would do at the desktop. */
export class TouchPointer {
  readonly #picture: TouchPicture;
  readonly #mode: TouchMode;
  readonly #after: After;
  /** Of the trackpad. */
  #at: Place;
  #held = 0;
  /** The button of the last tap is still down, because a drag may follow. */
  #isTapHeld = false;
  #cancelTap: () => void = () => undefined;
  #lastTap: Place | null = null;
  #forgetTap: () => void = () => undefined;
  #wheel: Place = { x: 0, y: 0 };

  /** @param at where the pointer is at first */
  constructor(mode: TouchMode, picture: TouchPicture, at: Place, after: After) {
    this.#mode = mode;
    this.#picture = picture;
    this.#at = at;
    this.#after = after;
  }

  /** Lets go of what is held. Idempotent. */
  stop(): void {
    this.#forgetTap();
    this.#releaseTap();
    this.#press(0);
  }

  readonly handle = (gesture: Gesture): void => {
    switch (gesture.type) {
      case "touch":
        this.#wheel = { x: 0, y: 0 };
        this.#cancelTap();
        return;
      case "tap":
        this.#tap(gesture.fingers, gesture.at);
        return;
      case "hold":
        if (this.#mode === "direct") this.#press(POINTER_BUTTONS.right, gesture.at);
        return;
      case "dragStart":
        if (this.#mode === "direct") this.#press(POINTER_BUTTONS.left, gesture.at);
        return;
      case "drag":
        this.#drag(gesture.at, gesture.by);
        return;
      case "dragEnd":
        this.#isTapHeld = false;
        this.#press(0);
        return;
      case "scroll":
        this.#releaseTap();
        // What a trackpad points at is in sight; a finger has to bring it there.
        if (this.#mode === "direct" && this.#picture.isZoomed()) this.#picture.pan(gesture.by);
        else this.#scroll(gesture.at, gesture.by);
        return;
      case "pinch":
        this.#releaseTap();
        this.#picture.pan(gesture.by);
        this.#picture.zoom(gesture.factor, gesture.at);
        if (this.#mode === "trackpad") this.#move(this.#at);
        return;
    }
  };

  #press(buttons: number, at: Place = this.#at): void {
    if (buttons === 0 && this.#held === 0) return;
    this.#at = this.#picture.clamp(at);
    this.#held = buttons;
    this.#picture.point(this.#at, buttons);
  }

  #move(to: Place): void {
    this.#at = this.#picture.clamp(to);
    if (this.#mode === "trackpad") this.#at = this.#picture.reveal(this.#at);
    this.#picture.point(this.#at, this.#held);
  }

  #click(button: number, at: Place): void {
    this.#move(at);
    this.#press(button, at);
    this.#press(0, at);
  }

  #tap(fingers: number, at: Place): void {
    const again = this.#isTapHeld;
    this.#releaseTap();
    const button = [POINTER_BUTTONS.left, POINTER_BUTTONS.right, POINTER_BUTTONS.middle][fingers - 1];
    if (button === undefined) return;
    if (this.#mode === "direct") this.#click(button, this.#findTapPlace(at));
    else if (fingers > 1) this.#click(button, this.#at);
    else if (again) this.#click(button, this.#at);
    else {
      this.#isTapHeld = true;
      this.#press(button);
      this.#cancelTap = this.#after(TAP_AGAIN_MS, () => this.#releaseTap());
    }
  }

  #releaseTap(): void {
    this.#cancelTap();
    if (!this.#isTapHeld) return;
    this.#isTapHeld = false;
    this.#press(0);
  }

  /** Two taps at nearly one place are a double click, which desktops want at one place. */
  #findTapPlace(at: Place): Place {
    const last = this.#lastTap;
    const place = last !== null && Math.hypot(at.x - last.x, at.y - last.y) < SAME_PLACE_PX ? last : at;
    this.#lastTap = place;
    this.#forgetTap();
    this.#forgetTap = this.#after(SAME_PLACE_MS, () => {
      this.#lastTap = null;
    });
    return place;
  }

  #drag(at: Place, by: Place): void {
    if (this.#mode === "direct") this.#move(at);
    else {
      const step = accelerate(by);
      this.#move({ x: this.#at.x + step.x, y: this.#at.y + step.y });
    }
  }

  /** The content follows the fingers, as on the rest of the phone. */
  #scroll(at: Place, by: Place): void {
    if (this.#mode === "direct") this.#move(at);
    const x = this.#wheel.x + by.x;
    const y = this.#wheel.y + by.y;
    this.#wheel = { x: x % WHEEL_STEP_PX, y: y % WHEEL_STEP_PX };
    const { wheelUp, wheelDown, wheelLeft, wheelRight } = POINTER_BUTTONS;
    this.#turn(Math.trunc(y / WHEEL_STEP_PX), wheelUp, wheelDown);
    this.#turn(Math.trunc(x / WHEEL_STEP_PX), wheelLeft, wheelRight);
  }

  #turn(steps: number, forward: number, backward: number): void {
    for (let step = 0; step < Math.abs(steps); step += 1) {
      this.#press(steps > 0 ? forward : backward);
      this.#press(0);
    }
  }
}
