import { Icon, type IconName } from "../components/icon.tsx";

interface ToolbarButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly className?: string;
  /** What has the focus keeps it. */
  readonly leavesFocus?: boolean;
  readonly onClick: () => void;
}

export function ToolbarButton({
  icon,
  label,
  pressed,
  disabled = false,
  className = "",
  leavesFocus = false,
  onClick,
}: ToolbarButtonProps) {
  return (
    <button
      type="button"
      class={`button quiet square ${className}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onMouseDown={(event) => {
        if (leavesFocus) event.preventDefault();
      }}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
