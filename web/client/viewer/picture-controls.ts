import type { LineFigures } from "./line-meter.ts";
import type { QualityChoice } from "./picture-quality.ts";
import type { TouchMode } from "./touch-pointer.ts";

/** How the picture is shown, and what the person may change of it. */
export interface PictureControls {
  readonly fit: boolean;
  readonly onFit: (fit: boolean) => void;
  /** The picture is larger than its window, because fingers made it so. */
  readonly zoomed: boolean;
  readonly onWhole: () => void;
  /** The desktop is resized to the window, where supported. */
  readonly follow: boolean;
  readonly onFollow: (follow: boolean) => void;
  readonly quality: QualityChoice;
  readonly onQuality: (quality: QualityChoice) => void;
  readonly touch: TouchMode;
  readonly onTouch: (mode: TouchMode) => void;
  /** Null: there is no line, or it has not been measured yet. */
  readonly figures: LineFigures | null;
}
