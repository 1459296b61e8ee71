import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client/sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keptStatements } from "../../src/runtime/libsql/kept-statements.ts";
import { fileUrl } from "../../src/runtime/libsql/open-catalog.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-kept-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a statement that is kept reads what others have written since, also into another schema", async () => {
  const path = join(folder, "a b?#%.db");
  const writer = createClient({ url: fileUrl(path) });
  await writer.executeMultiple(
    "pragma journal_mode = wal; create table t (a, b blob); insert into t values (1, x'0102')",
  );
  const reader = keptStatements(path);
  const read = async (): Promise<unknown> =>
    (await reader.execute({ sql: "select * from t where a = ?", args: [1] })).rows;
  const b = new Uint8Array([1, 2]).buffer;
  expect(await read()).toEqual([{ a: 1, b }]);
  await writer.execute("insert into t values (1, null)");
  expect(await read()).toEqual([
    { a: 1, b },
    { a: 1, b: null },
  ]);
  await writer.execute("alter table t add column c default 'c'");
  expect(await read()).toEqual([
    { a: 1, b, c: "c" },
    { a: 1, b: null, c: "c" },
  ]);
  reader.close();
  writer.close();
});

test("any value can be bound, more statements than are kept can be run, and what fails says why", async () => {
  const reader = keptStatements(join(folder, "values.db"));
  const read = async (sql: string, args: Parameters<typeof reader.execute>[0]["args"] = []): Promise<unknown> =>
    (await reader.execute({ sql, args })).rows;
  const bytes = new Uint8Array([3]);
  expect(await read("select ? as a, ? as b, ? as c, ? as d, ? as e", [true, null, 1.5, "é", bytes])).toEqual([
    { a: 1, b: null, c: 1.5, d: "é", e: bytes.buffer },
  ]);
  for (let i = 0; i < 600; i++) expect(await read(`select ${String(i % 300)} as a`)).toEqual([{ a: i % 300 }]);
  await expect(read("select a from missing")).rejects.toThrow("no such table");
  reader.close();
});
