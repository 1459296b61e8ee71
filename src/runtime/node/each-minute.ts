/** From the end of one run to the start of the next. */
const EVERY_MS = 60_000;
/** A node keeps its turn for a little less: it may go on itself. */
export const TURN_MS = EVERY_MS - 1000;

/**
 * Runs upkeep again and again, a minute after the run before has ended.
 * @param run ends early once its signal says so
 * @param failed is told what a run threw; the next one comes all the same
 * @param firstMs when the first run is, milliseconds from now
 * @returns stops it; resolves once a run under way has ended
 */
export function eachMinute(
  run: (signal: AbortSignal) => Promise<void>,
  failed: (error: unknown) => void,
  firstMs = EVERY_MS,
): () => Promise<void> {
  const stopping = new AbortController();
  let running = Promise.resolve();
  let timer = setTimeout(next, firstMs);
  function next(): void {
    running = run(stopping.signal)
      .catch(failed)
      .then(() => {
        if (!stopping.signal.aborted) timer = setTimeout(next, EVERY_MS);
      });
  }
  return async () => {
    stopping.abort();
    clearTimeout(timer);
    await running;
  };
}
