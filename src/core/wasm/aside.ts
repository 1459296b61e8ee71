import type { BuiltIndex } from "./built-index.ts";
import type { IndexRequest, PackedAnswer } from "./index-request.ts";
import type { PackedBoxes } from "./packed-boxes.ts";

/** An index to build. The memory of the boxes is handed over. @internal */
export interface BuildTask {
  readonly boxes: PackedBoxes;
  readonly fileSize: number;
}

/** A request to an index. @internal */
export interface AskTask {
  readonly index: Uint8Array;
  readonly request: IndexRequest;
}

/** Does what takes long where it holds nobody up: in another thread, whose `AsideWorker` is sent the tasks. */
export interface Aside {
  /** @param client whose turn it takes @internal */
  readonly build: (task: BuildTask, client: string) => Promise<BuiltIndex>;
  /** @internal */
  readonly ask: (task: AskTask) => Promise<PackedAnswer>;
}
