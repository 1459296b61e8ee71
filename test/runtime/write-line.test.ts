import { LibsqlError } from "@libsql/client";
import { describe, expect, it } from "vitest";
import { queueWrites } from "../../src/runtime/libsql/write-queue.ts";
import { refusal } from "../conformance/store.ts";

const locked = (): LibsqlError => new LibsqlError("database is locked", "SQLITE_BUSY");
const statement = (sql: string) => [{ sql, args: [] }];

describe("the line of writes", () => {
  it("runs batches in order, and no more at a time than allowed", async () => {
    let running = 0;
    let most = 0;
    const begun: string[] = [];
    const batch = queueWrites(
      async ([first]) => {
        begun.push(first?.sql ?? "");
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        return [[first?.sql]];
      },
      { atOnce: 2, limitMs: 10_000 },
    );
    const names = Array.from({ length: 20 }, (_, i) => String(i));
    expect(await Promise.all(names.map((name) => batch(statement(name))))).toEqual(names.map((name) => [[name]]));
    expect(begun).toEqual(names);
    expect(most).toBe(2);
  });

  it("repeats what was refused because of other writers", async () => {
    let tries = 0;
    const run = () => (++tries < 4 ? Promise.reject(locked()) : Promise.resolve([["kept"]]));
    expect(await queueWrites(run, { atOnce: 1, limitMs: 10_000 })(statement("a"))).toEqual([["kept"]]);
    expect(tries).toBe(4);
  });

  it("refuses a batch whose time is over: while it waits, and while it is repeated", async () => {
    const never = queueWrites(() => new Promise(() => undefined), { atOnce: 1, limitMs: 50 });
    void never(statement("a"));
    expect(await refusal(never(statement("b")))).toBe("catalog_busy 503");
    const busy = queueWrites(() => Promise.reject(locked()), { atOnce: 1, limitMs: 50 });
    expect(await refusal(busy(statement("a")))).toBe("catalog_busy 503");
  });

  it("tells a batch how much of its time is left", async () => {
    const left: number[] = [];
    const batch = queueWrites(
      async (_, leftMs) => {
        left.push(leftMs);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return [];
      },
      { atOnce: 1, limitMs: 10_000 },
    );
    await Promise.all([batch(statement("a")), batch(statement("b"))]);
    expect(left[0]).toBeGreaterThan((left[1] ?? 0) + 10);
  });

  it("goes on after a batch that failed", async () => {
    const batch = queueWrites(([first]) => Promise.reject(new Error(first?.sql)), { atOnce: 1, limitMs: 10_000 });
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((name) => batch(statement(name))));
    expect(outcomes.map((outcome) => outcome.status === "rejected" && String(outcome.reason))).toEqual([
      "Error: a",
      "Error: b",
      "Error: c",
    ]);
  });
});
