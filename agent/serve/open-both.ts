/** A stream, or something that owns one. */
interface Destroyable {
  destroy(): unknown;
}

type Opener<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Opens two streams concurrently, or none: when one fails, the other is cancelled or destroyed, and the first
 * error is thrown.
 */
export async function openBoth<A extends Destroyable, B extends Destroyable>(
  outer: AbortSignal,
  openFirst: Opener<A>,
  openSecond: Opener<B>,
): Promise<[A, B]> {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([outer, giveUp.signal]);
  let failed = false;
  let cause: unknown;
  const guard = async <T>(open: Opener<T>): Promise<T | null> => {
    try {
      return await open(signal);
    } catch (error) {
      if (!failed) {
        failed = true;
        cause = error;
        giveUp.abort();
      }
      return null;
    }
  };
  const [first, second] = await Promise.all([guard(openFirst), guard(openSecond)]);
  if (first !== null && second !== null) return [first, second];
  first?.destroy();
  second?.destroy();
  throw cause;
}
