/** The thread that `aside` starts: builds one segment index, answers, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { BoxcarError } from "../../base/errors.ts";
import { loadCore } from "./load-core.ts";
import type { ThreadAnswer, ThreadTask } from "./index-aside.ts";

const { boxes, fileSize } = workerData as ThreadTask;

/** What a message holds of an error: its class would be lost on the way. */
function refused(cause: unknown): ThreadAnswer {
  if (!(cause instanceof BoxcarError)) throw cause;
  const { error, status, message, fields } = cause;
  return { refusal: { error, status, message, fields } };
}

const core = await loadCore();
const answer = ((): ThreadAnswer => {
  try {
    return { built: core.buildIndex(boxes, fileSize) };
  } catch (cause) {
    return refused(cause);
  }
})();
const buffer = answer.built?.index.buffer;
parentPort?.postMessage(answer, buffer instanceof ArrayBuffer ? [buffer] : []);
