/** One choice of a menu. */
export interface MenuItem {
  readonly label: string;
  readonly hint?: string;
  readonly danger?: boolean;
  /** It cannot be chosen now; `hint` says why. */
  readonly disabled?: boolean;
  readonly onChoose: () => void;
}
