/** Works on large indexes in threads: to build that of a day takes 0.3 s, of the largest file 2 s, and a cut of it 1 s. */
import { Worker } from "node:worker_threads";
import { BoxcarError } from "../../base/errors.ts";
import type { Aside, AskTask, BuildTask, BuiltIndex, PackedAnswer } from "../../core/index.ts";
import { builtUrl } from "./built.ts";
import { packedBuild, type PackedBuild } from "./packed-build.ts";

/** What a thread is sent. The index of a request is left out where it is that of the request before. */
export type ThreadTask = PackedBuild | (Partial<AskTask> & Pick<AskTask, "request">);

/** What it answers. */
export type ThreadAnswer =
  { readonly done: BuiltIndex | PackedAnswer } | { readonly refusal: Pick<BoxcarError, "code" | "message" | "fields"> };

/** How long the thread that is asked waits for the next request, with some ten MB, milliseconds. */
const IDLE_MS = 5000;

/** Threads for large indexes: one for each that is built, one after another, and one that all requests share. */
export function indexAside(): Aside {
  const asked = new AskedThread();
  let last: Promise<unknown> = Promise.resolve();
  return {
    build: (task) => {
      const built = last.then(() => buildInThread(task));
      last = built.catch(() => undefined);
      return built;
    },
    ask: (task) => asked.ask(task),
  };
}

// Each in a thread of its own, whose memory ends with it: that may be some hundred MiB.
async function buildInThread(task: BuildTask): Promise<BuiltIndex> {
  const thread = new IndexThread();
  try {
    const packed = await packedBuild(task);
    return (await thread.does(packed, [
      packed.bytes.buffer,
      packed.offsets.buffer,
      packed.lengths.buffer,
    ])) as BuiltIndex;
  } finally {
    thread.end();
  }
}

/** Asks one index after another in a thread that ends when nobody has asked for a while. */
class AskedThread {
  #thread: IndexThread | undefined;
  /** The index that was sent last: further requests go on with it. */
  #sent: Uint8Array | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  async ask(task: AskTask): Promise<PackedAnswer> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= new IndexThread());
    try {
      return (await this.#send(thread, task)) as PackedAnswer;
    } catch (error) {
      // What it has loaded is not known.
      if (this.#thread === thread) this.#sent = undefined;
      if (thread.ended) this.#end(thread);
      throw error;
    } finally {
      if (this.#thread === thread && !thread.busy) {
        this.#idle = setTimeout(() => {
          this.#end(thread);
        }, IDLE_MS);
        this.#idle.unref();
      }
    }
  }

  #send(thread: IndexThread, { index, request }: AskTask): Promise<unknown> {
    if (this.#sent === index) return thread.does({ request }, []);
    this.#sent = index;
    const copy = new Uint8Array(index);
    return thread.does({ index: copy, request }, [copy.buffer]);
  }

  #end(thread: IndexThread): void {
    if (this.#thread === thread) [this.#thread, this.#sent] = [undefined, undefined];
    thread.end();
  }
}

interface Waiting {
  readonly resolve: (done: BuiltIndex | PackedAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that does tasks in the order in which it is sent them. It keeps the process only while it has some. */
class IndexThread {
  readonly #worker = new Worker(builtUrl("index-thread.js"));
  readonly #waiting: Waiting[] = [];
  ended = false;

  constructor() {
    this.#worker.on("message", (answer: ThreadAnswer) => {
      const waiting = this.#waiting.shift();
      if (!this.busy) this.#worker.unref();
      if ("done" in answer) waiting?.resolve(answer.done);
      else {
        const { code, message, fields } = answer.refusal;
        waiting?.reject(new BoxcarError(code, message, fields));
      }
    });
    this.#worker.once("error", (error: Error) => {
      this.#fail(error);
    });
    this.#worker.once("exit", (code) => {
      this.#fail(new Error(`a thread for indexes ended with ${String(code)}`));
    });
  }

  get busy(): boolean {
    return this.#waiting.length > 0;
  }

  does(task: ThreadTask, transferred: readonly ArrayBuffer[]): Promise<BuiltIndex | PackedAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage(task, transferred);
    });
  }

  end(): void {
    this.ended = true;
    void this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.ended = true;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
