import { describe, expect, it } from "vitest";
import { BoxcarError } from "../src/base/errors.ts";
import { FairQueue } from "../src/base/fair-queue.ts";
import { random, seedOf } from "./support/random.ts";

/** A work that ends when it is told to. */
function work(begun: string[], name: string): { run: () => Promise<string>; end: () => void } {
  let end = (): void => undefined;
  const ended = new Promise<string>((resolve) => {
    end = () => {
      resolve(name);
    };
  });
  return {
    run: () => {
      begun.push(name);
      return ended;
    },
    end: () => {
      end();
    },
  };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a fair queue", () => {
  it("lets clients take turns, whatever one of them wants", async () => {
    const queue = new FairQueue({ atOnce: 2, perClient: 1, waiting: 100, waitingPerClient: 50 });
    const begun: string[] = [];
    const works = ["a1", "a2", "a3", "a4", "b1", "b2", "c1"].map((name) => ({ name, ...work(begun, name) }));
    const results = works.map(async ({ name, run }) => queue.run({ client: name.slice(0, 1) }, run));
    expect(begun).toEqual(["a1", "b1"]);
    for (let i = 0; i < works.length; i++) {
      works.find(({ name }) => name === begun[i])?.end();
      await settle();
    }
    expect(await Promise.all(results)).toEqual(works.map(({ name }) => name));
    // While `a` has four to do, each of the others waits for one of them.
    expect(begun).toEqual(["a1", "b1", "a2", "b2", "c1", "a3", "a4"]);
  });

  it("has bounds, and forgets who leaves", async () => {
    const queue = new FairQueue({ atOnce: 1, perClient: 1, waiting: 3, waitingPerClient: 2 });
    const begun: string[] = [];
    const first = work(begun, "first");
    const running = queue.run({ client: "a" }, first.run);
    const gone = new AbortController();
    const left = queue.run({ client: "a", signal: gone.signal }, () => Promise.resolve("left"));
    const stays = queue.run({ client: "a" }, () => Promise.resolve("stays"));
    expect(queue.run({ client: "a" }, () => Promise.resolve("third of one"))).toBeUndefined();
    const other = queue.run({ client: "b" }, () => Promise.resolve("other"));
    expect(queue.run({ client: "c" }, () => Promise.resolve("fourth of all"))).toBeUndefined();
    gone.abort();
    const refusal: unknown = await left?.catch((error: unknown) => error);
    expect(refusal instanceof BoxcarError && refusal.code).toBe("client_gone");
    expect(queue.waiting).toBe(2);
    const late = queue.run({ client: "c", signal: AbortSignal.abort() }, () => Promise.resolve("late"));
    await expect(late).rejects.toThrow(BoxcarError);
    first.end();
    expect(await Promise.all([running, stays, other])).toEqual(["first", "stays", "other"]);
    expect(queue.waiting).toBe(0);
  });

  it("never runs more than it may, and does all, for any works", async () => {
    const dice = random(seedOf(31));
    const limits = { atOnce: 3, perClient: 2, waiting: 1000, waitingPerClient: 1000 };
    const queue = new FairQueue(limits);
    let running = 0;
    const of = new Map<string, number>();
    const one = async (client: string): Promise<number> => {
      running++;
      of.set(client, (of.get(client) ?? 0) + 1);
      expect(running, `seed ${dice.seed}`).toBeLessThanOrEqual(limits.atOnce);
      expect(of.get(client), `seed ${dice.seed}`).toBeLessThanOrEqual(limits.perClient);
      for (let i = dice.below(4); i > 0; i--) await settle();
      running--;
      of.set(client, (of.get(client) ?? 0) - 1);
      if (dice.below(5) === 0) throw new Error("as works may");
      return 1;
    };
    const all = Array.from({ length: 300 }, async () => {
      const client = dice.pick(["a", "b", "c", "d"]);
      return queue.run({ client }, () => one(client))?.catch(() => 1);
    });
    expect(await Promise.all(all)).toEqual(Array(300).fill(1));
  });
});
