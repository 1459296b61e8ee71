import { sentenceOf } from "../../base/errors.ts";

/** Says in one sentence why the program cannot go on. */
export function tellFailure(error: unknown): void {
  process.stderr.write(`boxcar: ${sentenceOf(error, process.env.BOXCAR_LOG === "debug")}\n`);
}

/**
 * Lets a program that is starting end with one sentence, also where a module fails outside of any call: Node's own `fetch`
 * does so when there is no memory for its WebAssembly.
 * @returns ends that, once the program has started
 */
export function endOnFailure(): () => void {
  const end = (error: unknown): void => {
    tellFailure(error);
    process.exit(1);
  };
  process.on("uncaughtException", end);
  return () => void process.off("uncaughtException", end);
}
