import type RFB from "@novnc/novnc";
import { useEffect, useState } from "preact/hooks";
import type { LineFigures, LineMeter } from "./line-meter.ts";
import { findQuality, QualityGovernor, type QualityChoice } from "./picture-quality.ts";

const SAMPLE_MS = 1_000;

/** What the line does, once a second, and the quality that follows from it. Null: there is no line. */
export function useLineFigures(
  rfb: RFB | null,
  meter: LineMeter | null,
  choice: QualityChoice,
): LineFigures | null {
  const [figures, setFigures] = useState<LineFigures | null>(null);
  useEffect(() => {
    setFigures(null);
    if (rfb === null || meter === null) return;
    const governor = new QualityGovernor();
    const ask = () => {
      const { quality, compression } = findQuality(choice, governor);
      rfb.qualityLevel = quality;
      rfb.compressionLevel = compression;
    };
    ask();
    const timer = window.setInterval(() => {
      const next = meter.sample(performance.now());
      setFigures(next);
      governor.note(next);
      ask();
    }, SAMPLE_MS);
    return () => window.clearInterval(timer);
  }, [rfb, meter, choice]);
  return figures;
}
