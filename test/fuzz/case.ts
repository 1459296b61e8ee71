/** The cases of the fuzzer: each is made from the seed and its number alone. */
import { feed, feedIndex, indexFile, WatchedCore, type Outcome } from "../hostile/feed.ts";
import { goodFiles } from "../hostile/good.ts";
import { sealed } from "../hostile/seal.ts";
import { random } from "../support/random.ts";
import { mutate } from "./mutate.ts";

/** A damaged file, or a damaged segment index, mostly with a checksum that fits. */
export interface Case {
  readonly kind: "mp4" | "index";
  readonly bytes: Uint8Array;
}

/** Feeds damaged input to one core, and good files in between. */
export class Fuzzer {
  readonly #module: WebAssembly.Module;
  readonly #seed: number;
  #watched: WatchedCore;
  readonly #indexes: readonly Uint8Array[];

  constructor(module: WebAssembly.Module, seed: number) {
    this.#module = module;
    this.#seed = seed;
    this.#watched = new WatchedCore(module);
    this.#indexes = goodFiles.map((file) => indexFile(new WatchedCore(module).core, file).index);
  }

  /** Case `i`: nine files for each index. */
  make(i: number): Case {
    const numbers = random(Math.imul(this.#seed, 0x9e37_79b1) + i);
    const kind = numbers.below(10) === 0 ? "index" : "mp4";
    const good = kind === "index" ? this.#indexes : goodFiles;
    const bytes = mutate(numbers.pick(good), numbers.pick(good), numbers, kind === "index");
    return { kind, bytes: kind === "index" && numbers.below(8) > 0 ? sealed(bytes) : bytes };
  }

  /**
   * Runs a case, and every eighth time a good file after it.
   * @throws Error when it trapped, took too much, or left something behind
   */
  run(i: number, { kind, bytes } = this.make(i)): Outcome {
    try {
      const outcome = kind === "index" ? feedIndex(this.#watched, bytes) : feed(this.#watched, bytes);
      if (i % 8 === 0) this.checkGood(i / 8);
      return outcome;
    } catch (error) {
      this.#watched = new WatchedCore(this.#module);
      throw error;
    }
  }

  /** A good file must still give the bytes a fresh core gives. */
  checkGood(turn: number): void {
    const which = turn % goodFiles.length;
    const [file, expected] = [goodFiles[which], this.#indexes[which]];
    if (file === undefined || expected === undefined) return;
    const { index } = indexFile(this.#watched.core, file);
    if (Buffer.compare(index, expected) !== 0) throw new Error("a good file is indexed differently afterwards");
  }
}
