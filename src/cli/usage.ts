import { BoxcarError } from "../base/errors.ts";

/** The refusal of arguments that make no sense together; the program ends with exit code 2. */
export function badUsage(message: string): BoxcarError {
  return new BoxcarError("bad_usage", message);
}

/**
 * Aborts when the user presses Ctrl-C, so that work can end cleanly; a second Ctrl-C ends the process at once.
 * Call `release` when the work is done.
 */
export function onInterrupt(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", stop);
  return { signal: controller.signal, release: () => process.off("SIGINT", stop) };
}
