import { Icon } from "./icon.tsx";

/** As long as a browser may take to begin the download. */
const KEEP_MS = 10_000;

interface SaveButtonProps {
  readonly value: string;
  readonly fileName: string;
  readonly label: string;
}

/** Downloads a text as a file. */
export function SaveButton({ value, fileName, label }: SaveButtonProps) {
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([value], { type: "text/plain" }));
    link.download = fileName;
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
  };
  return (
    <button type="button" class="button copy" onClick={save}>
      <Icon name="down" />
      {label}
    </button>
  );
}
