import { useEffect, useState } from "preact/hooks";
import { useText } from "../state/app-context.ts";
import { Icon } from "./icon.tsx";

interface CopyButtonProps {
  readonly value: string;
  readonly label: string;
}

export function CopyButton({ value, label }: CopyButtonProps) {
  const text = useText();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), 2000);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setDone(true),
      // The browser refused: the text is shown beside the button and can be selected.
      () => setDone(false),
    );
  };
  return (
    <button type="button" class="button copy" aria-label={label} title={label} onClick={copy}>
      <Icon name={done ? "check" : "copy"} />
      <span aria-live="polite">{done ? text.copied : text.copy}</span>
    </button>
  );
}
