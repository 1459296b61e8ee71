import { afterEach, expect, test, vi } from "vitest";
import { AheadBudget, type AheadLimits } from "../../src/base/ahead.ts";
import { inTurn, type ByteSource } from "../../src/core/reading/read-ahead.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const KIB = 1024;

afterEach(() => {
  vi.useRealTimers();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A store that answers late, with buffers that it uses again, and counts what is open. */
class LateStore {
  open = 0;
  most = 0;
  reads = 0;
  readonly budget: AheadBudget;

  constructor(limits: AheadLimits) {
    this.budget = new AheadBudget(limits);
  }

  /** @param failsAt byte at which reading fails */
  source(
    bytes: Uint8Array,
    answerMs: () => number,
    chunk: () => number,
    failsAt = Number.POSITIVE_INFINITY,
  ): ByteSource {
    const count = (by: number): void => {
      this.open += by;
      this.most = Math.max(this.most, this.open);
    };
    async function* read(): AsyncGenerator<Uint8Array> {
      count(1);
      try {
        await pause(answerMs());
        const buffer = new Uint8Array(64 * KIB);
        for (let at = 0; at < bytes.length;) {
          if (at >= failsAt) throw new Error("changed");
          const part = bytes.subarray(at, at + Math.min(chunk(), buffer.length));
          buffer.set(part);
          yield buffer.subarray(0, part.length);
          buffer.fill(0);
          at += part.length;
        }
      } finally {
        count(-1);
      }
    }
    return {
      length: bytes.length,
      ahead: this.budget,
      read: () => {
        this.reads++;
        return read();
      },
    };
  }
}

function anyLimits(rng: Random): AheadLimits {
  const blocks = (): number => 256 * KIB * (1 + rng.below(12));
  return { objects: 1 + rng.below(8), bytes: blocks(), allObjects: 1 + rng.below(10), allBytes: blocks() };
}

test("bytes come in order whatever is late, and no more is open or held than there may be", async () => {
  const rng = random(seedOf(22));
  for (let round = 0; round < 6; round++) {
    const limits = anyLimits(rng);
    const store = new LateStore(limits);
    const [slowest, largest] = [rng.below(4), rng.pick([4000, 64 * KIB])];
    const download = async (): Promise<void> => {
      const objects = Array.from({ length: 1 + rng.below(16) }, () => rng.bytes(1 + rng.below(300_000)));
      const wanted = Buffer.concat(objects);
      const failing = rng.below(3) === 0 ? rng.below(objects.length) : undefined;
      const leavesAt = rng.below(3) === 0 ? rng.below(wanted.length) : Number.POSITIVE_INFINITY;
      const before = objects.slice(0, failing).reduce((sum, { length }) => sum + length, 0);
      let position = 0;
      const read = async (): Promise<void> => {
        const chunkOf = (): number => 1 + rng.below(largest) + (largest >> 1);
        const sources = objects.map((bytes, i) =>
          store.source(bytes, () => rng.below(slowest + 1), chunkOf, i === failing ? 0 : undefined),
        );
        for await (const chunk of inTurn(sources)) {
          const { bytes: held, objects: ahead } = store.budget;
          if (
            !wanted.subarray(position, position + chunk.length).equals(chunk) ||
            held > limits.allBytes ||
            ahead > limits.allObjects
          )
            expect.unreachable(`seed ${rng.seed}, round ${round}, byte ${position}: ${held} held, ${ahead} ahead`);
          position += chunk.length;
          if (position > leavesAt) return;
          if (rng.below(40) === 0) await pause(rng.below(3));
        }
      };
      if (failing === undefined || leavesAt < before) {
        await read();
        if (position <= leavesAt) expect(position).toBe(wanted.length);
      } else {
        await expect(read()).rejects.toThrow("changed");
        expect(position).toBe(before);
      }
    };
    await Promise.all([download(), download(), download()]);
    const { open, most, budget } = store;
    expect({ open, bytes: budget.bytes, objects: budget.objects }, `seed ${rng.seed}, round ${round}`).toEqual({
      ...{ open: 0, bytes: 0, objects: 0 },
    });
    expect(most, `seed ${rng.seed}, round ${round}`).toBeLessThanOrEqual(3 + limits.allObjects);
  }
});

/** Lets a clock of the test's own go on until a promise is settled. */
async function untilSettled<T>(promise: Promise<T>): Promise<T> {
  const state = { isSettled: false };
  const settled = promise.finally(() => {
    state.isSettled = true;
  });
  while (!state.isSettled) await vi.advanceTimersByTimeAsync(1);
  return settled;
}

/** Reads objects that answer after 30 ms for a client that takes a chunk of 64 KiB in so many milliseconds, on a clock of its own. */
async function takenBy(takingMs: number): Promise<{ store: LateStore; ms: number; held: number }> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const store = new LateStore({ objects: 32, bytes: 16 << 20, allObjects: 64, allBytes: 32 << 20 });
  const object = new Uint8Array(640 * KIB);
  const sources = Array.from({ length: 60 }, () =>
    store.source(
      object,
      () => 30,
      () => 64 * KIB,
    ),
  );
  let held = 0;
  const read = async (): Promise<void> => {
    for await (const chunk of inTurn(sources)) {
      held = Math.max(held, store.budget.bytes);
      const ms = (takingMs * chunk.length) / (64 * KIB);
      if (ms > 0) await pause(ms);
    }
  };
  const sinceMs = performance.now();
  await untilSettled(read());
  return { store, ms: performance.now() - sinceMs, held };
}

test("a client that takes what it gets waits for few of the answers", async () => {
  const { store, ms } = await takenBy(0);
  expect(ms).toBeLessThan(8 * 30);
  expect(store.most).toBeGreaterThan(10);
});

test("a slow client's download holds next to nothing, and opens one object before its turn", async () => {
  const { store, held } = await takenBy(20);
  expect(held).toBeLessThanOrEqual(256 * KIB);
  expect(store.most).toBeLessThanOrEqual(2);
  expect(store.reads).toBe(60);
});

test("a client that is away gives back what was read ahead for it, and gets it later", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const store = new LateStore({ objects: 4, bytes: 1 << 20, allObjects: 3, allBytes: 1 << 20 });
  const objects = Array.from({ length: 8 }, (_, i) => new Uint8Array(200 * KIB).fill(i + 1));
  const sources = (): ByteSource[] =>
    objects.map((bytes) =>
      store.source(
        bytes,
        () => 30,
        () => 64 * KIB,
      ),
    );
  const away = inTurn(sources());
  const taken: Buffer[] = [];
  const take = async (): Promise<boolean> => {
    const { value } = await untilSettled(away.next());
    if (value !== undefined) taken.push(Buffer.from(value));
    return value !== undefined;
  };
  while (store.budget.objects < 3) await take();
  await vi.advanceTimersByTimeAsync(1000);
  const other = (async () => {
    let most = 0;
    for await (const chunk of inTurn(sources())) most = Math.max(most, chunk.length > 0 ? store.budget.objects : 0);
    return most;
  })();
  await vi.advanceTimersByTimeAsync(1000);
  expect(await other).toBe(3);
  while (await take());
  expect(Buffer.concat(taken).equals(Buffer.concat(objects))).toBe(true);
  expect(store.open).toBe(0);
});

test("what is given up counts as open until it is closed", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const store = new LateStore({ objects: 4, bytes: 1 << 20, allObjects: 3, allBytes: 1 << 20 });
  const sources = Array.from({ length: 8 }, () =>
    store.source(
      new Uint8Array(200 * KIB),
      () => 30,
      () => 64 * KIB,
    ),
  );
  const reading = inTurn(sources);
  while (store.budget.objects < 3) await untilSettled(reading.next());
  const left = reading.return();
  await vi.advanceTimersByTimeAsync(0);
  expect(store.open).toBeGreaterThan(0);
  expect(store.budget.objects).toBeGreaterThanOrEqual(store.open);
  await untilSettled(left);
  expect([store.open, store.budget.objects]).toEqual([0, 0]);
});

test("the next source is opened for the last bytes of the one before, and closed when nobody wants it", async () => {
  const events: string[] = [];
  const source = (
    name: string,
    sizes: readonly number[],
  ): { length: number; read: () => AsyncGenerator<Uint8Array> } => ({
    length: sizes.reduce((sum, size) => sum + size, 0),
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable
    read: async function* () {
      events.push(`open ${name}`);
      try {
        for (const size of sizes) yield new Uint8Array(size);
      } finally {
        events.push(`close ${name}`);
      }
    },
  });
  const large = 1 << 20;
  const reading = inTurn([source("a", [large, large, 5]), source("b", [1, large, large]), source("c", [1])]);
  const take = async (): Promise<void> => {
    events.push(String((await reading.next()).value?.length));
  };
  for (let i = 0; i < 4; i++) await take();
  await reading.return();
  expect(events).toEqual(["open a", String(large), "open b", String(large), "5", "close a", "1", "close b"]);
});

test("the first bytes do not wait for the next source", async () => {
  const opened: string[] = [];
  const source = (name: string): { length: number; read: () => AsyncGenerator<Uint8Array> } => ({
    length: 1,
    // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable
    read: async function* () {
      opened.push(name);
      yield new Uint8Array(1);
    },
  });
  const reading = inTurn([source("a"), source("b")]);
  await reading.next();
  expect(opened).toEqual(["a"]);
});

test("a source that fails early fails in its turn", async () => {
  // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* [];
    throw new Error("gone");
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- an async iterable
  async function* good(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(2);
    yield new Uint8Array(3);
  }
  const reading = inTurn([
    { length: 5, read: good },
    { length: 1, read: broken },
  ]);
  expect((await reading.next()).value?.length).toBe(2);
  expect((await reading.next()).value?.length).toBe(3);
  await expect(reading.next()).rejects.toThrow("gone");
});
