import { BoxcarError } from "../base/errors.ts";

/**
 * The chunks of a live source as they arrive. Its end is the end of `chunks`, `signal`, or silence: a connection can be lost
 * without anybody being told.
 * @param silenceMs milliseconds without a byte
 * @throws BoxcarError `source_silent` (504), and what `chunks` throws
 */
export async function* arrivals(
  chunks: AsyncIterable<Uint8Array>,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  let wake: (outcome: "silent" | "stopped") => void = () => undefined;
  const stop = (): void => {
    wake("stopped");
  };
  const next = (): Promise<IteratorResult<Uint8Array> | "silent" | "stopped"> =>
    new Promise((resolve, reject) => {
      // In two halves: after a process has stood still its timers come first, and what arrived meanwhile is read only then.
      let timer = setTimeout(() => {
        timer = setTimeout(resolve, silenceMs / 2, "silent");
      }, silenceMs / 2);
      wake = resolve;
      iterator
        .next()
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
        });
      if (signal.aborted) stop();
    });
  signal.addEventListener("abort", stop);
  try {
    for (;;) {
      const step = await next();
      if (step === "silent") throw silent(silenceMs);
      if (step === "stopped" || step.done === true) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // Not waited for: a source that hangs must not hold who listens to it.
    iterator.return?.().catch(() => undefined);
  }
}

function silent(silenceMs: number): BoxcarError {
  const message = `The source sent nothing for ${String(silenceMs / 1000)} seconds. Look whether it runs and can be reached.`;
  return new BoxcarError("source_silent", message);
}
