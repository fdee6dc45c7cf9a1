/** The set-up scripts run before anything is installed, so they are plain JavaScript without types: a test says what it expects. */
export async function loadSetup<T>(file: string): Promise<T> {
  return (await import(new URL(`../../../../bin/setup/${file}`, import.meta.url).href)) as T;
}

/** A stream that keeps what was written. */
export class KeptText {
  text = "";
  columns = 80;

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

export interface ProgressLike {
  say(line: string): void;
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
}

export async function makeProgress(stream: KeptText, animated = false): Promise<ProgressLike> {
  const { Progress } = await loadSetup<{
    Progress: new (stream: KeptText, animated: boolean) => ProgressLike;
  }>("progress.mjs");
  return new Progress(stream, animated);
}
