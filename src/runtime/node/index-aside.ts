/** Builds the indexes of files with much metadata in a thread: a day of recording takes 0.3 s, and the largest file 2 s. */
import { Worker } from "node:worker_threads";
import { BoxcarError, type ErrorFields } from "../../base/errors.ts";
import type { BuiltIndex, BuildAside, MetadataBox } from "../../core/index.ts";
import { builtUrl } from "./built.ts";

/** What the thread is given. */
export interface ThreadTask {
  readonly boxes: readonly MetadataBox[];
  readonly fileSize: number;
}

/** What it answers: one of the two. */
export interface ThreadAnswer {
  readonly built?: BuiltIndex;
  readonly refusal?: {
    readonly error: string;
    readonly status: number;
    readonly message: string;
    readonly fields: ErrorFields;
  };
}

/** Builds indexes in a thread of their own each, one after another: each may take some hundred MiB. */
export function buildAside(): BuildAside {
  let last: Promise<unknown> = Promise.resolve();
  return (boxes, fileSize) => {
    const built = last.then(() => inThread({ boxes, fileSize }));
    last = built.catch(() => undefined);
    return built;
  };
}

function inThread({ boxes, fileSize }: ThreadTask): Promise<BuiltIndex> {
  // Copies: a view would take all of its buffer along.
  const copies = boxes.map(({ offset, bytes }) => ({ offset, bytes: new Uint8Array(bytes) }));
  const thread = new Worker(builtUrl("index-thread.js"), {
    workerData: { boxes: copies, fileSize } satisfies ThreadTask,
    transferList: copies.map(({ bytes }) => bytes.buffer),
  });
  return new Promise<BuiltIndex>((resolve, reject) => {
    thread.once("message", ({ built, refusal }: ThreadAnswer) => {
      if (built !== undefined) resolve(built);
      else if (refusal !== undefined)
        reject(new BoxcarError(refusal.error, refusal.status, refusal.message, refusal.fields));
    });
    thread.once("error", reject);
    thread.once("exit", (code) => reject(new Error(`the thread that builds an index ended with ${String(code)}`)));
  });
}
