/** What happens on the desktop, 1920 x 1080 pixels. */
export interface Scene {
  readonly name: SceneName;
  readonly title: string;
  readonly framesPerSecond: number;
  /** Viewers at once: more where each costs little, so that what they cost can be measured. */
  readonly sessions: number;
}

export type SceneName = "typing" | "scrolling" | "motion";

export const SCREEN = { width: 1920, height: 1080 } as const;

export const SCENES: readonly Scene[] = [
  {
    name: "typing",
    title: "typing: a letter and the cursor, 2 times a second",
    framesPerSecond: 2,
    sessions: 8,
  },
  {
    name: "scrolling",
    title: "scrolling: half the screen of text, 10 times a second",
    framesPerSecond: 10,
    sessions: 4,
  },
  {
    name: "motion",
    title: "full motion: the whole screen like a film, 25 times a second",
    framesPerSecond: 25,
    sessions: 1,
  },
];
