/** How far a piece of work is. */
export interface WorkProgress {
  readonly title: string;
  /** Of the whole, 0 to 1; absent if unknown. */
  readonly fraction?: number;
  /** What it is at. */
  readonly note?: string;
}
