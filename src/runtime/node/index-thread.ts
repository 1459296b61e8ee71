/** A thread with a core of its own: does the tasks that it is sent, one after another. */
import { parentPort } from "node:worker_threads";
import { AsideWorker, BoxcarError } from "../../core/index.ts";
import { loadCore } from "./load-core.ts";
import type { ThreadAnswer, ThreadTask } from "./index-aside.ts";

const loading = loadCore().then((core) => new AsideWorker(core));
let last: Promise<void> = Promise.resolve();

async function answered(task: ThreadTask): Promise<ThreadAnswer> {
  const worker = await loading;
  return { done: "boxes" in task ? worker.build(task) : worker.ask(task) };
}

/** What a message holds of an error: its class would be lost on the way. */
function refused(cause: unknown): ThreadAnswer {
  if (!(cause instanceof BoxcarError)) throw cause;
  const { code, message, fields } = cause;
  return { refusal: { code, message, fields } };
}

parentPort?.on("message", (task: ThreadTask) => {
  last = last.then(async () => {
    const answer = await answered(task).catch(refused);
    parentPort?.postMessage(answer);
  });
});
