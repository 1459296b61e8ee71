import { createClient } from "@libsql/client";
import { spawn } from "node:child_process";
import { readFile, utimes, writeFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { beginNamed, keepLease } from "../../src/intake/lease.ts";
import { reconcileOnce } from "../../src/runtime/node/reconciler.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { startTestServer, type Reply, type TestServer } from "../app/test-server.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

const DAY = 86_400_000;
const YEARS_AHEAD = Date.now() + 4 * 365 * DAY;
let server: TestServer;
let file: Buffer<ArrayBuffer>;
let count = 0;
let stream = "";
beforeAll(async () => {
  server = await startTestServer();
  const [recorded] = await record({ count: 2, seconds: 2 });
  file = await readFile(recorded?.file ?? "");
});
afterAll(() => server.close());
beforeEach(() => {
  stream = `s${++count}`;
});

const put = async (
  startMs: number,
  key: string,
  body: Uint8Array<ArrayBuffer> = file,
): Promise<{ status: number; json: Reply; headers: Headers }> => {
  const response = await server.fetch(`/mp4/api/segments/${stream}?start=${startMs}`, {
    method: "PUT",
    headers: { "Idempotency-Key": key },
    body,
  });
  return { status: response.status, json: (await response.json()) as Reply, headers: response.headers };
};

describe("an Idempotency-Key", () => {
  it("that named another segment is refused, and nothing is dropped in silence", async () => {
    const first = await put(RECORDED_AT, "k");
    expect(first.status).toBe(201);
    const again = await put(RECORDED_AT, "k");
    expect(again.json).toEqual(first.json);
    const longer = new Uint8Array(file.length + 8);
    longer.set(file);
    longer.set([0, 0, 0, 8, 0x66, 0x72, 0x65, 0x65], file.length); // an empty `free` box
    for (const other of [await put(RECORDED_AT + 1000, "k"), await put(RECORDED_AT, "k", longer)])
      expect(other).toMatchObject({ status: 422, json: { error: "idempotency_mismatch", size: file.length } });
    expect((await put(RECORDED_AT + 1000, "other")).status).toBe(201);
  });

  it("of an upload under way is answered with when to ask again", async () => {
    const { catalog, clock } = server.parts;
    const upload = { streamPath: stream, key: `k/${stream}`, idempotencyKey: "k", nowMs: clock() };
    const { id } = await catalog.beginSegment(upload);
    const end = keepLease(() => catalog.unsettled.renew(id, clock()), 20);
    const repeated = await put(RECORDED_AT, "k");
    end();
    expect(repeated).toMatchObject({ status: 409, json: { error: "idempotency_in_progress" } });
    expect(Number(repeated.headers.get("retry-after"))).toBeLessThanOrEqual(10);
  });

  it("of an upload that says nothing any more is free, whatever the clock of its machine said", async () => {
    const { catalog, clock } = server.parts;
    for (const [i, heardMs] of [clock(), YEARS_AHEAD, 0].entries()) {
      const upload = { streamPath: stream, idempotencyKey: `k${i}`, nowMs: heardMs };
      const { id } = await catalog.beginSegment({ ...upload, key: `k/${stream}/${i}` });
      const begun = await beginNamed(catalog, { ...upload, key: `k/${stream}/${i}/again` }, clock, 100);
      expect(begun).toMatchObject({ existing: undefined });
      expect(begun.id).toBeGreaterThan(id);
      expect(await catalog.unsettled.renew(id, clock()), "the first one has lost its row").toBe(false);
    }
  });
});

describe("times of a clock that was ahead", () => {
  it("hold no lease of the reconciler", async () => {
    const { catalog, clock } = server.parts;
    expect(await catalog.leases.takeTurn("reconcile", YEARS_AHEAD, YEARS_AHEAD + 59_000)).toBe(true);
    const nowMs = clock();
    expect(await catalog.leases.takeTurn("reconcile", nowMs, nowMs + 59_000)).toBe(true);
    expect(await catalog.leases.takeTurn("reconcile", nowMs + 1000, nowMs + 60_000), "this one is right").toBe(false);
    expect(await catalog.leases.takeTurn("reconcile", nowMs - 50_000, nowMs + 9000), "within the skew").toBe(false);
  });

  it("keep nothing from being settled", async () => {
    const own = await startTestServer();
    const { catalog } = own.parts;
    const target = `/mp4/api/segments/${stream}?start=${RECORDED_AT}`;
    expect((await own.fetch(target, { method: "PUT", body: file })).status).toBe(201);
    await catalog.tombstone({ streamPath: stream, startMs: 0, endMs: 9e12 }, YEARS_AHEAD);
    await catalog.beginSegment({ streamPath: stream, key: `k/${stream}`, nowMs: YEARS_AHEAD });
    const upload = { area: "store", key: `u/${stream}`, contentType: "image/png", size: 0, imageClassId: 0 } as const;
    await catalog.uploads.begin({ ...upload, createdMs: YEARS_AHEAD, untilMs: YEARS_AHEAD + 120_000 });
    const resumable = { id: stream, owner: "o", length: 9, received: 0, pieces: 0, fileName: "", imageClassId: 0 };
    const unfinished = { fileKey: undefined, announced: undefined, segmentId: undefined };
    await catalog.tus.create({ ...resumable, untilMs: YEARS_AHEAD + DAY, ...unfinished });
    const nowMs = Date.now();
    for await (const finding of reconcile(own.parts, { nowMs })) expect(finding).toBeUndefined();
    const kinds: string[] = [];
    for await (const { kind } of reconcile(own.parts, { nowMs: nowMs + DAY + 7_200_000 })) kinds.push(kind);
    expect(kinds.toSorted()).toEqual(["deletion_finished", "file_removed", "file_removed", "upload_removed"]);
    const client = createClient({ url: `file:${join(own.folder, "catalog.db")}` });
    const left = await client.execute(`select
      (select count(*) from segments where state <> 'ready') + (select count(*) from uploads where state <> 'stored')
      + (select count(*) from resumable_uploads)`);
    expect(Object.values(left.rows[0] ?? {})).toEqual([0]);
    client.close();
    await own.close();
  });

  it("keep no temporary file", async () => {
    const root = join(server.folder, "store");
    await mkdir(join(root, ".boxcar-tmp"), { recursive: true });
    const path = join(root, ".boxcar-tmp", "left");
    await writeFile(path, "x");
    await utimes(path, YEARS_AHEAD / 1000, YEARS_AHEAD / 1000);
    const store = new FileStore(root);
    expect(await store.sweep(Date.now() - 3_600_000)).toBe(0);
    expect(await store.sweep(Date.now() + 1000)).toBe(1);
    expect(await readdir(join(root, ".boxcar-tmp"))).toEqual([]);
  });

  it("end with the next reconciliation", async () => {
    const { catalog, clock } = server.parts;
    await catalog.leases.takeTurn("reconcile", YEARS_AHEAD, YEARS_AHEAD + 59_000);
    await reconcileOnce(server.parts, clock(), () => undefined, new AbortController().signal);
    const nowMs = clock();
    expect(await catalog.leases.takeTurn("reconcile", nowMs, nowMs + 59_000), "this server has it").toBe(false);
  });
});

describe("a catalog that another process keeps locked", () => {
  it("leaves the thread to other work, and takes the write in the end", async () => {
    const holder = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { createClient } from "@libsql/client";
        const client = createClient({ url: process.argv[1] });
        const lock = await client.transaction("write");
        await lock.execute("create table locked (x)");
        console.log("locked");
        process.stdin.once("data", async () => { await lock.rollback(); client.close(); process.exit(); });`,
        `file:${join(server.folder, "catalog.db")}`,
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    let turns = 0;
    const clock = setInterval(() => turns++, 1);
    const writing = put(RECORDED_AT, "k");
    const endMs = performance.now() + 700;
    while (performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
    holder.stdin.write("x");
    expect((await writing).status).toBe(201);
    clearInterval(clock);
    // Three at most, when each attempt stands still for 250 ms.
    expect(turns).toBeGreaterThan(10);
  });
});
