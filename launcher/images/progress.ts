/** Progress of a piece of work. */
export interface WorkProgress {
  readonly title: string;
  /** Of the whole, 0 to 1; absent if unknown. */
  readonly fraction?: number;
  /** The current detail. */
  readonly note?: string;
}
