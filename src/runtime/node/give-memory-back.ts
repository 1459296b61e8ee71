import type { Server } from "node:http";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Time between two looks. */
const LOOK_MS = 2000;
/** The same on Bun: within two seconds a crowd leaves more than the next may hold. */
const LOOK_MS_BUN = 1000;
/**
 * Bytes that came up since the last collection, which make another one worth its pause: more than one download from a bucket leaves.
 * V8 lets 32 MiB of dead buffers lie, and blocks of 16 MiB are kept; after a collection the heap is small, and fills soon.
 */
const GROWN = 64 << 20;
/** Clients that have left since then, of those that were there at once. */
const CROWD = 64;
/** Share of one processor's time below which nobody is kept waiting. */
const CALM = 0.3;
/** Bytes that came up beside a crowd which are worth a pause (of some 70 ms) on Bun: what those held who have gone would lie beside what the next ones hold. */
const GROWN_IN_CROWD = 32 << 20;

/** One finds the pages that are left half empty, the next joins them, the last makes the young generation smaller. */
const COLLECTIONS = 3;

/** The process, as one look finds it. */
export interface Look {
  /** Bytes of the heap and of buffers, living or not. */
  readonly held: number;
  /** Open connections. */
  readonly connections: number;
  /** Share of one processor's time since the look before. */
  readonly busy: number;
}

/** Decides when garbage is worth a collection. */
export class Garbage {
  readonly #grownInCrowd: number;
  #held: number;
  #crowd = 0;
  #collections = 0;

  /**
   * @param held bytes at the start
   * @param grownInCrowd bytes that came up beside a crowd which are collected although others are kept waiting; default: none are
   */
  constructor(held: number, grownInCrowd = Number.POSITIVE_INFINITY) {
    this.#held = held;
    this.#grownInCrowd = grownInCrowd;
  }

  /** Whether to collect now. */
  isWorthIt({ held, connections, busy }: Look): boolean {
    this.#held = Math.min(this.#held, held);
    this.#crowd = Math.max(this.#crowd, connections);
    const grown = held - this.#held;
    if (this.#crowd >= CROWD && grown >= this.#grownInCrowd) return true;
    return busy < CALM && (this.#collections > 0 || grown >= GROWN || this.#crowd - connections >= CROWD);
  }

  /** To be called after a collection, with what is left. */
  collected({ held, connections }: Pick<Look, "held" | "connections">): void {
    this.#held = held;
    this.#crowd = connections;
    this.#collections = (this.#collections + 1) % COLLECTIONS;
  }
}

/**
 * Has garbage collected when a crowd of clients has gone and the process is calm, on Bun also beside a crowd. By themselves engines let the
 * heap grow by half of what lived at the last collection and more, and promise nothing for buffers: what a thousand clients held would stay for hours.
 * @returns ends it
 */
export function giveMemoryBack(server: Server, runtime: "node" | "bun" | "deno"): () => void {
  const collect = runtime === "bun" ? collectOfBun() : collectOfV8();
  const lookMs = runtime === "bun" ? LOOK_MS_BUN : LOOK_MS;
  const garbage = new Garbage(held(), runtime === "bun" ? GROWN_IN_CROWD : undefined);
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const busy = (user + system) / (lookMs * 1000);
    server.getConnections((_, connections) => {
      if (!garbage.isWorthIt({ held: held(), connections, busy })) return;
      collect();
      garbage.collected({ held: held(), connections });
    });
  }, lookMs);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

function collectOfV8(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

function collectOfBun(): () => void {
  const { Bun } = globalThis as unknown as { readonly Bun: { gc(now: boolean): void } };
  return () => {
    Bun.gc(true);
  };
}

/** Not by `process.memoryUsage`, which opens a file, and throws where no more can be opened. */
function held(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
