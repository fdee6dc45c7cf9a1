import { useId } from "preact/hooks";
import { Choices } from "../components/choices.tsx";
import { useApp, usePreferences, useText } from "../state/app-context.ts";
import { formatBytes } from "../text/format.ts";
import { gradeLine } from "./line-meter.ts";
import type { PictureControls } from "./picture-controls.ts";
import { canFloat, toggleFloating } from "./picture-in-picture.ts";
import { QUALITY_CHOICES } from "./picture-quality.ts";

interface PicturePanelProps {
  readonly picture: PictureControls;
  readonly watchOnly: boolean;
  readonly findCanvas: () => HTMLCanvasElement | null;
}

/** What the line does, and how the picture comes over it. */
export function PicturePanel({ picture, watchOnly, findCanvas }: PicturePanelProps) {
  const { wall } = useApp();
  const { viewer } = useText();
  const { language } = usePreferences();
  const qualityId = useId();
  const { figures } = picture;
  const grade = figures && gradeLine(figures);
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const float = () => {
    const canvas = findCanvas();
    if (canvas === null) return;
    toggleFloating(canvas).catch(() => wall.dispatch({ type: "notice", notice: viewer.floatRefused }));
  };
  return (
    <div class="bar-panel" role="group" aria-label={viewer.picture}>
      <dl class="line-figures">
        <div>
          <dt>{viewer.latency}</dt>
          <dd>
            {figures === null || figures.latencyMs === null
              ? viewer.unmeasured
              : `${number.format(figures.latencyMs)} ms`}
          </dd>
        </div>
        <div>
          <dt>{viewer.bandwidth}</dt>
          <dd>
            {figures === null ? viewer.unmeasured : `${formatBytes(figures.bytesPerSecond, language)}/s`}
          </dd>
        </div>
        <div>
          <dt>{viewer.frames}</dt>
          <dd>{figures === null ? viewer.unmeasured : number.format(figures.framesPerSecond)}</dd>
        </div>
      </dl>
      {grade !== null && <p class="fine">{viewer.grades[grade]}</p>}
      <label for={qualityId}>{viewer.quality}</label>
      <select
        id={qualityId}
        value={picture.quality}
        onChange={(event) => {
          const { value } = event.currentTarget;
          const chosen = QUALITY_CHOICES.find((one) => one === value);
          if (chosen !== undefined) picture.onQuality(chosen);
        }}
      >
        {QUALITY_CHOICES.map((one) => (
          <option key={one} value={one}>
            {viewer.qualities[one]}
          </option>
        ))}
      </select>
      {!watchOnly && (
        <div class="touch-choice">
          <h3>{viewer.touch}</h3>
          <Choices
            label={viewer.touch}
            value={picture.touch}
            options={viewer.touchModes}
            onChoose={picture.onTouch}
          />
          <p class="fine">{viewer.touchHints[picture.touch]}</p>
        </div>
      )}
      {canFloat() && (
        <div class="key-row">
          <button type="button" class="button" onClick={float}>
            {viewer.float}
          </button>
        </div>
      )}
    </div>
  );
}
