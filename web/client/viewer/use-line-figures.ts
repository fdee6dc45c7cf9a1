import type RFB from "@novnc/novnc";
import { useEffect, useState } from "preact/hooks";
import type { LineFigures, LineMeter } from "./line-meter.ts";
import { findQuality, QUALITY_CHOICES, QualityGovernor, type QualityChoice } from "./picture-quality.ts";

const SAMPLE_MS = 1_000;
const STORAGE_KEY = "postern.quality";

/** How good the picture is, kept in this browser. */
export function useQualityChoice(): readonly [QualityChoice, (choice: QualityChoice) => void] {
  const [choice, setChoice] = useState<QualityChoice>(
    () => QUALITY_CHOICES.find((one) => one === localStorage.getItem(STORAGE_KEY)) ?? "auto",
  );
  const choose = (next: QualityChoice) => {
    localStorage.setItem(STORAGE_KEY, next);
    setChoice(next);
  };
  return [choice, choose];
}

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
