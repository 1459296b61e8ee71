/** Works on large indexes in threads: to build that of a day takes 0.3 s, of the largest file 2 s, and a cut of it 1 s. */
import { Worker } from "node:worker_threads";
import { BoxcarError } from "../../base/errors.ts";
import { FairQueue } from "../../base/fair-queue.ts";
import type { Aside, AskTask, BuildTask, BuiltIndex, PackedAnswer } from "../../core/index.ts";
import { builtUrl } from "./built.ts";

/** What a thread is sent. The index of a request is left out where it is that of the request before. */
export type ThreadTask = BuildTask | (Partial<AskTask> & Pick<AskTask, "request">);

export type ThreadAnswer =
  { readonly done: BuiltIndex | PackedAnswer } | { readonly refusal: Pick<BoxcarError, "code" | "message" | "fields"> };

/** Threads that indexes are asked in: each takes a processor, and some ten MB while it is asked. */
const ASKED_AT_ONCE = 2;

/** How long a thread that is asked waits for the next request, with some ten MB, milliseconds. */
const IDLE_MS = 5000;

/** One index is built at a time. How many uploads there are is limited where they begin. */
const BUILDS = {
  atOnce: 1,
  perClient: 1,
  waiting: Number.POSITIVE_INFINITY,
  waitingPerClient: Number.POSITIVE_INFINITY,
};

/** Threads for large indexes: one for each that is built, of the clients in turn, and a few that all requests share. */
export function indexAside(): Aside {
  const asked = new AskedThreads();
  const builds = new FairQueue(BUILDS);
  return {
    build: async (task, client) => {
      const leave = await builds.enter({ client });
      try {
        return await buildInThread(task);
      } finally {
        leave?.();
      }
    },
    ask: (task) => asked.ask(task),
  };
}

// Each in a thread of its own, whose memory ends with it: that may be some hundred MiB.
async function buildInThread(task: BuildTask): Promise<BuiltIndex> {
  const thread = new IndexThread();
  try {
    const { bytes, offsets, lengths } = task.boxes;
    return (await thread.does(task, [bytes.buffer, offsets.buffer, lengths.buffer])) as BuiltIndex;
  } finally {
    thread.end();
  }
}

/** A request that waits for a thread. */
interface Asked extends Waiting {
  readonly task: AskTask;
}

/** How long the work on an index counts, milliseconds: less and less, a third of it after that time. */
const COUNTED_MS = 10_000;

/** The time that an index was worked on. */
interface Worked {
  ms: number;
  /** As of when it is told. */
  atMs: number;
}

/**
 * Asks indexes in a few threads, one request of each index at a time, first that on which the least time was spent of late: who asks
 * for much of one, or makes many whose every request takes long, keeps others waiting for the requests that run.
 */
class AskedThreads {
  readonly #free = Array.from({ length: ASKED_AT_ONCE }, () => new AskedThread());
  /** Who waits, by index, in the order in which they came. */
  readonly #waiting = new Map<Uint8Array, Asked[]>();
  /** Indexes that are being asked. */
  readonly #asked = new Set<Uint8Array>();
  readonly #worked = new WeakMap<Uint8Array, Worked>();

  ask(task: AskTask): Promise<PackedAnswer> {
    return new Promise<BuiltIndex | PackedAnswer>((resolve, reject) => {
      const asked = { task, resolve, reject };
      const others = this.#waiting.get(task.index);
      if (others === undefined) this.#waiting.set(task.index, [asked]);
      else others.push(asked);
      this.#goOn();
    }) as Promise<PackedAnswer>;
  }

  /** Gives free threads what is next. */
  #goOn(): void {
    while (this.#free.length > 0) {
      const index = this.#next();
      const asked = index && this.#waiting.get(index);
      if (index === undefined || asked === undefined) return;
      const last = this.#free.findIndex((thread) => thread.sent === index);
      const [thread] = this.#free.splice(Math.max(0, last), 1);
      const next = asked.shift();
      this.#waiting.delete(index);
      if (asked.length > 0) this.#waiting.set(index, asked);
      if (thread !== undefined && next !== undefined) void this.#ask(thread, next);
    }
  }

  /** The index whose turn it is. */
  #next(): Uint8Array | undefined {
    let next: Uint8Array | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const index of this.#waiting.keys()) {
      if (this.#asked.has(index)) continue;
      const ms = this.#workedMs(index);
      if (ms < least) [next, least] = [index, ms];
    }
    return next;
  }

  #workedMs(index: Uint8Array): number {
    const worked = this.#worked.get(index);
    return worked === undefined ? 0 : worked.ms * Math.exp((worked.atMs - performance.now()) / COUNTED_MS);
  }

  async #ask(thread: AskedThread, { task, resolve, reject }: Asked): Promise<void> {
    const { index } = task;
    this.#asked.add(index);
    const beganMs = performance.now();
    await thread.ask(task).then(resolve, reject);
    const atMs = performance.now();
    this.#worked.set(index, { ms: this.#workedMs(index) + atMs - beganMs, atMs });
    this.#asked.delete(index);
    this.#free.push(thread);
    this.#goOn();
  }
}

/** A thread that is asked, and ends when nobody has asked for a while. */
class AskedThread {
  #thread: IndexThread | undefined;
  /** The index that was sent last: further requests go on with it. */
  #sent: Uint8Array | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** The index that it has loaded. */
  get sent(): Uint8Array | undefined {
    return this.#sent;
  }

  async ask({ index, request }: AskTask): Promise<BuiltIndex | PackedAnswer> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= new IndexThread());
    try {
      if (this.#sent === index) return await thread.does({ request }, []);
      this.#sent = index;
      const copy = new Uint8Array(index);
      return await thread.does({ index: copy, request }, [copy.buffer]);
    } catch (error) {
      // What it has loaded is not known.
      this.#sent = undefined;
      if (thread.ended) this.#end();
      throw error;
    } finally {
      this.#idle = setTimeout(() => {
        this.#end();
      }, IDLE_MS).unref();
    }
  }

  #end(): void {
    this.#thread?.end();
    [this.#thread, this.#sent] = [undefined, undefined];
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
