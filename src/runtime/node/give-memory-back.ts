import type { Server } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Time between two looks. */
const LOOK_MS = 2000;
/**
 * Bytes that came up since the last collection, which make another one worth its pause: more than one download from a bucket leaves.
 * V8 lets 32 MiB of dead buffers lie, and blocks of 16 MiB are kept; after a collection the heap is small, and fills soon.
 */
const GROWN = 64 << 20;
/** Clients that have left since then, of those that were there at once. */
const CROWD = 64;
/** Share of one processor's time below which nobody is kept waiting. */
const CALM = 0.3;

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
  #held: number;
  #crowd = 0;
  #collections = 0;

  /** @param held bytes at the start */
  constructor(held: number) {
    this.#held = held;
  }

  /** Whether to collect now. */
  isWorthIt({ held, connections, busy }: Look): boolean {
    this.#held = Math.min(this.#held, held);
    this.#crowd = Math.max(this.#crowd, connections);
    return busy < CALM && (this.#collections > 0 || held - this.#held >= GROWN || this.#crowd - connections >= CROWD);
  }

  /** To be called after a collection, with what is left. */
  collected({ held, connections }: Pick<Look, "held" | "connections">): void {
    this.#held = held;
    this.#crowd = connections;
    this.#collections = (this.#collections + 1) % COLLECTIONS;
  }
}

/**
 * Has V8 collect garbage when a crowd has gone and the process is calm. By itself V8 lets its heap grow by half of what
 * lived at the last collection, and promises nothing for buffers: what a thousand clients held would stay for hours.
 * @returns ends it
 */
export function giveMemoryBack(server: Server): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const garbage = new Garbage(held());
  let cpu = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    const busy = (user + system) / (LOOK_MS * 1000);
    server.getConnections((_, connections) => {
      if (!garbage.isWorthIt({ held: held(), connections, busy })) return;
      collect();
      garbage.collected({ held: held(), connections });
    });
  }, LOOK_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

function held(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
