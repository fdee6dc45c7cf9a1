/** A command: a program, by its full path where that matters, and its arguments. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}
