/** Feeds hostile bytes to the core and tells what came of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BoxcarError } from "../../src/base/errors.ts";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import type { IndexedSegment } from "../../src/core/indexing/segment-index.ts";
import { createCore, type Core } from "../../src/core/wasm/module.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import { exercise } from "./exercise.ts";

/** Memory of an instance may reach this, in bytes, whatever the file is; or 8 times its metadata. */
const MEMORY = 64 << 20;
/** What one input may take of the processor, in microseconds: twice what is promised, since a busy machine counts more. */
const TIME = 2_000_000;
/** Listing makes an object a sample: beyond this many it is left out. */
const LISTED = 10_000;

/** How an input ended: `accepted`, `repaired`, or the error's name. */
export interface Outcome {
  readonly name: string;
  /** What was repaired or refused, in words. */
  readonly detail: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly indexed?: IndexedSegment;
}

const NativeInstance = WebAssembly.Instance;

/** A core whose memory can be seen: the instances it makes are noted. */
export class WatchedCore {
  readonly core: Core;
  /** The memories of the instances in use, the newest last. */
  #instances: WebAssembly.Memory[] = [];

  constructor(module: WebAssembly.Module) {
    this.core = createCore(module);
  }

  /** Runs `use` and returns the bytes of the largest memory that was in use meanwhile. */
  during(use: () => void): number {
    const noted = this.#instances;
    const sizes = noted.map((memory) => memory.buffer.byteLength);
    class Noted extends NativeInstance {
      constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
        super(module, imports);
        noted.push(this.exports.memory as WebAssembly.Memory);
      }
    }
    WebAssembly.Instance = Noted;
    try {
      use();
    } finally {
      WebAssembly.Instance = NativeInstance;
    }
    // An instance that had grown before is dropped, and may be noted still: only what grew or is new counts.
    const largest = noted.reduce((most, { buffer }, i) => {
      return buffer.byteLength === sizes[i] ? most : Math.max(most, buffer.byteLength);
    }, 0);
    this.#instances = noted.slice(-1);
    return largest;
  }
}

/** The compiled core. Tests and the fuzzer run in the root folder. */
export async function compiledCore(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(join("build", "boxcar.wasm")));
}

/** Indexes a whole file. */
export function indexFile(core: Core, file: Uint8Array): IndexedSegment {
  const indexer = new StreamIndexer(core);
  indexer.push(file);
  return indexer.end();
}

/**
 * Feeds one input: it must end in an error of ours, with the box and the offset where it has them, or in an index that
 * then goes every way an index goes. @throws Error for anything else: a trap, too much time or memory, a bad index
 */
export function feed(watched: WatchedCore, file: Uint8Array): Outcome {
  const { core } = watched;
  const outcome: { value: Outcome | undefined } = { value: undefined };
  const before = process.cpuUsage();
  const memory = watched.during(() => {
    outcome.value = refusalOr(() => {
      const indexed = indexFile(core, file);
      const { warnings } = indexed.description;
      return { name: warnings.length > 0 ? "repaired" : "accepted", detail: warnings, fields: {}, indexed };
    });
  });
  const { value } = outcome;
  if (value === undefined) throw new Error("nothing came of it");
  const spent = process.cpuUsage(before);
  if (spent.user + spent.system > TIME) throw new Error(`indexing took ${(spent.user + spent.system) / 1000} ms`);
  if (memory > Math.max(MEMORY, 8 * file.length)) throw new Error(`indexing ${file.length} bytes took ${memory} bytes`);
  if (value.name === "bad_index" || value.name === "defect") throw new Error(`refused as ${value.name}`);
  if (value.indexed !== undefined) exerciseWhole(core, value.indexed);
  return value;
}

/** An index the core made itself must serve: nothing in it may be refused but what is too large for a fragment. */
function exerciseWhole(core: Core, { index }: IndexedSegment): void {
  const before = process.cpuUsage();
  const outcome = refusalOr(() => {
    exercise(core, index, { listed: readSummary(index).sampleCount <= LISTED, exact: true });
    return { name: "served", detail: [], fields: {} };
  });
  const spent = process.cpuUsage(before);
  if (!["served", "too_many", "time_overflow"].includes(outcome.name)) {
    throw new Error(`an accepted file is then refused as ${outcome.name}: ${outcome.detail.join()}`);
  }
  if (spent.user + spent.system > 4 * TIME) throw new Error(`serving took ${(spent.user + spent.system) / 1000} ms`);
}

/** Feeds a damaged index: it must be refused, or every call must end. @throws Error as `feed` */
export function feedIndex(watched: WatchedCore, index: Uint8Array): Outcome {
  const outcome: { value: Outcome | undefined } = { value: undefined };
  const before = process.cpuUsage();
  const memory = watched.during(() => {
    outcome.value = refusalOr(() => {
      exercise(watched.core, index, { listed: true, exact: false });
      return { name: "accepted", detail: [], fields: {} };
    });
  });
  const { value } = outcome;
  if (value === undefined) throw new Error("nothing came of it");
  const spent = process.cpuUsage(before);
  if (spent.user + spent.system > TIME) throw new Error(`it took ${(spent.user + spent.system) / 1000} ms`);
  if (memory > 4 * MEMORY) throw new Error(`it took ${memory} bytes`);
  if (value.name === "defect") throw new Error("refused as a defect");
  return value;
}

function refusalOr(use: () => Outcome): Outcome {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof BoxcarError)) throw error;
    return { name: error.code, detail: [error.message], fields: error.fields };
  }
}
