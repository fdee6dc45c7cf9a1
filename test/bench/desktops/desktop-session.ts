/** A session at a whole desktop, as the measurement sees it. */
export interface DesktopSession {
  /** Pictures, or changes of one, that have come completely. */
  readonly updates: number;
  readonly bytes: number;
  readonly failure: Error | undefined;
  /** Resolves with the first complete picture. @throws the failure */
  waitForPicture(): Promise<void>;
  close(): void;
}
