import type { AskTask, BuildTask } from "./aside.ts";
import type { BuiltIndex } from "./built-index.ts";
import { answerTo, packed, type PackedAnswer } from "./index-request.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import type { Core } from "./module.ts";

/** The other side of an `Aside`: does its tasks with a core of its own. @internal */
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
