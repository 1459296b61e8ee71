import { describe, expect, it } from "vitest";
import { Planners, SHORT_PLAN } from "../../src/recordings/planners.ts";

const LONG = SHORT_PLAN + 1;

/** Lets all that can go on do so. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Begins a plan and notes when it has its place. */
function begin(planners: Planners, client: string, started: string[], signal?: AbortSignal): () => void {
  const pace = planners.pace(client, signal);
  void Promise.resolve(pace.breathe(LONG)).then(
    () => started.push(client),
    (error: unknown) => started.push(`${client}: ${(error as { code: string }).code}`),
  );
  return () => {
    pace.end();
  };
}

describe("planners", () => {
  it("let short plans pass, however many long ones are being made", async () => {
    const planners = new Planners(1, 1);
    const started: string[] = [];
    begin(planners, "a", started);
    await settled();
    expect([planners.running, started]).toEqual([1, ["a"]]);
    const short = planners.pace("b");
    for (let i = 0; i < 10; i++) await short.breathe(SHORT_PLAN / 10);
    expect(planners.running).toBe(1);
  });

  it("make few long plans at once, fewer of one client, and let clients take turns", async () => {
    const planners = new Planners(3, 2);
    const started: string[] = [];
    const ends = ["a", "a", "a", "a", "a", "b", "c", "b"].map((client) => begin(planners, client, started));
    await settled();
    expect(started).toEqual(["a", "a", "b"]);
    ends[0]?.();
    ends[0]?.(); // once is enough
    await settled();
    expect(started.slice(3)).toEqual(["c"]);
    ends[1]?.();
    await settled();
    expect(started.slice(4)).toEqual(["a"]);
    for (const end of ends.slice(2)) {
      end();
      await settled();
    }
    for (const end of ends) end();
    await settled();
    expect(started.toSorted().join("")).toBe("aaaaabbc");
    for (const end of ends) end();
    expect(planners.running).toBe(0);
  });

  it("refuse a client that has too many waiting, and nobody else", async () => {
    const planners = new Planners(1, 1);
    const started: string[] = [];
    for (let i = 0; i < 66; i++) begin(planners, "a", started);
    begin(planners, "b", started);
    await settled();
    expect(started.filter((name) => name !== "a")).toEqual(["a: too_many_plans"]);
  });

  it("forget who leaves, whether waiting or at work", async () => {
    const planners = new Planners(1, 1);
    const started: string[] = [];
    const [first, second] = [new AbortController(), new AbortController()];
    const end = begin(planners, "a", started, first.signal);
    begin(planners, "a", started, second.signal);
    begin(planners, "a", started);
    await settled();
    second.abort();
    await settled();
    expect(started).toEqual(["a", "a: client_gone"]);
    end();
    await settled();
    expect(started).toEqual(["a", "a: client_gone", "a"]);
    first.abort();
    expect(() => planners.pace("a", first.signal).breathe()).toThrow(expect.objectContaining({ code: "client_gone" }));
  });
});
