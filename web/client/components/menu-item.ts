/** One choice of a menu. */
export interface MenuItem {
  readonly label: string;
  readonly hint?: string;
  readonly danger?: boolean;
  readonly onChoose: () => void;
}
