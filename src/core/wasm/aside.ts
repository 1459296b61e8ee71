import { answerTo, packed, type IndexRequest, type PackedAnswer } from "./index-request.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { BuiltIndex, Core, MetadataBox } from "./module.ts";

/** An index to build. @internal */
export interface BuildTask {
  readonly boxes: readonly MetadataBox[];
  readonly fileSize: number;
}

/** A request to an index. @internal */
export interface AskTask {
  readonly index: Uint8Array;
  readonly request: IndexRequest;
}

/** Does what takes long where it holds nobody up: in another thread, whose `AsideWorker` is sent the tasks. */
export interface Aside {
  /** @internal */
  readonly build: (task: BuildTask) => Promise<BuiltIndex>;
  /** @internal */
  readonly ask: (task: AskTask) => Promise<PackedAnswer>;
}

/** The other side: does tasks with a core of its own. @internal */
export class AsideWorker {
  readonly #core: Core;
  #loaded: LoadedIndex | undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  build({ boxes, fileSize }: BuildTask): BuiltIndex {
    return this.#core.buildIndex(boxes, fileSize);
  }

  /** @param task its index may be left out where it is that of the task before */
  ask({ index, request }: Partial<AskTask> & Pick<AskTask, "request">): PackedAnswer {
    if (index !== undefined) {
      this.#core.unload();
      this.#loaded = undefined;
      this.#loaded = this.#core.load(index);
    }
    if (this.#loaded === undefined) throw new Error("no index is loaded");
    return packed(answerTo(this.#loaded, request));
  }
}
