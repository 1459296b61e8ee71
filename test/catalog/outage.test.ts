/** What a server does while its libSQL servers are away, and afterwards: real processes, ended and paused by signals. */
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { migrate } from "../../src/catalog/migrate.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { openCatalogHttp } from "../../src/runtime/libsql/open-catalog-http.ts";
import { startServer, type RunningServer } from "../../src/runtime/node/server.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { catchUp } from "../support/catch-up.ts";
import { random, seedOf } from "../support/random.ts";
import { RECORDED_AT, record } from "../support/recording.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";
import { boxcar } from "../cli/boxcar-program.ts";
import { add, startServers, type Servers } from "./open.ts";

/** 503 has to be there within 2 s; the rest is what a busy machine may add. */
const LIMIT_MS = 3500;

describe.skipIf(sqldPath === undefined)("a server whose catalog is on libSQL servers", () => {
  let servers: Servers;
  let folder: string;
  let server: RunningServer;
  let segment: Uint8Array<ArrayBuffer>;
  let uploads = 0;

  const start = (env: Record<string, string>): Promise<RunningServer> =>
    startServer("node", {
      ...{ PORT: "0", BOXCAR_DATA: folder, BOXCAR_LOG: "error", BOXCAR_CATALOG: servers.primary.url },
      ...env,
    });

  /** The status, `error` and duration of a call. */
  const call = async (path: string, init?: RequestInit): Promise<{ status: number; error: unknown; ms: number }> => {
    const startedMs = performance.now();
    const response = await fetch(server.url + path, init);
    const text = await response.text();
    const ms = performance.now() - startedMs;
    const { error } = response.ok ? { error: undefined } : (JSON.parse(text) as { error?: unknown });
    return { status: response.status, error, ms };
  };
  const upload = (key = randomUUID()): ReturnType<typeof call> =>
    call(`/mp4/api/segments/live/cam1?start=${RECORDED_AT + uploads++ * 2000}`, {
      method: "PUT",
      body: segment,
      headers: { "Idempotency-Key": key },
    });
  const range = `start=${RECORDED_AT}&duration=10s`;
  const unavailable = { status: 503, error: "catalog_unavailable" };
  const recovered = async (): Promise<void> => {
    for (let tries = 0; (await call("/readyz")).status !== 200; tries++) {
      expect(tries).toBeLessThan(100);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    servers = await startServers();
    folder = await mkdtemp(join(tmpdir(), "boxcar-outage-"));
    const [first] = await record({ count: 6, seconds: 2 });
    segment = new Uint8Array(await readFile(first?.file ?? ""));
  });
  beforeEach(() => (uploads = 0));
  afterEach(() => server.close());
  afterAll(async () => {
    await servers.stop();
    await rm(folder, { recursive: true });
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)(
    "answers 503 in time when its only server gets %s, and recovers",
    async (signal) => {
      server = await start({});
      expect((await upload()).status).toBe(201);
      await servers.primary.kill(signal);
      for (const outcome of [
        await upload(),
        await call(`/mp4/download/live/cam1.mp4?${range}`),
        await call("/mp4/api/catalog"),
      ]) {
        expect(outcome).toMatchObject(unavailable);
        expect(outcome.ms).toBeLessThan(LIMIT_MS);
      }
      expect(await call("/readyz")).toMatchObject({ status: 503, error: "not_ready" });
      const many = await Promise.all(Array.from({ length: 60 }, () => call("/mp4/api/list/live/cam1")));
      for (const outcome of many) {
        expect(outcome).toMatchObject(unavailable);
        expect(outcome.ms).toBeLessThan(LIMIT_MS);
      }
      if (signal === "SIGKILL") await servers.primary.start();
      else await servers.primary.kill("SIGCONT");
      await recovered();
      expect((await upload()).status).toBe(201);
      expect((await call(`/mp4/download/live/cam1.mp4?${range}`)).status).toBe(200);
    },
  );

  it("keeps or gives up, whole, an upload whose commit was not answered", async () => {
    server = await start({});
    const key = randomUUID();
    const opened = openCatalogHttp({ url: servers.primary.url });
    // Earlier tests may have left uploads of their own, which a paused server began when it went on.
    const isOurs = ({ key }: { key?: string | undefined }): boolean => key?.startsWith("segments/live/lost/") === true;
    const isBegun = async (): Promise<boolean> =>
      (await opened.catalog.unsettled.page({ pendingMs: Date.now() + 60_000, tombstoneMs: 0 }, 0, 100)).some(isOurs);
    const slow = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(segment.subarray(0, 1000));
        while (!(await isBegun())) await new Promise((resolve) => setTimeout(resolve, 20));
        // The server goes away just before the segment is complete, and may commit later.
        await servers.primary.kill("SIGSTOP");
        controller.enqueue(segment.subarray(1000));
        controller.close();
      },
    });
    const path = `/mp4/api/segments/live/lost?start=${RECORDED_AT}`;
    const init = { method: "PUT", headers: { "Idempotency-Key": key } };
    const lost = await call(path, { ...init, body: slow, duplex: "half" } as RequestInit);
    expect(lost).toMatchObject(unavailable);
    await servers.primary.kill("SIGCONT");
    await recovered();
    // The paused server may still complete it when it goes on. If not, the upload is given up after its lease.
    const store = new FileStore(join(folder, "media"));
    const settled = async (afterMs: number, verify = false): Promise<string[]> => {
      const kinds: string[] = [];
      const options = { nowMs: Date.now() + afterMs, verify };
      for await (const found of reconcile({ catalog: opened.catalog, store }, options)) {
        if (isOurs(found)) kinds.push(found.kind);
      }
      return kinds;
    };
    const first = await settled(180_000);
    const again = await call(path, { ...init, body: segment });
    // Kept: the repetition is told of the same segment. Given up: it makes a new one.
    expect([200, 201]).toContain(again.status);
    if (first.length > 0) expect([first, again.status]).toEqual([["upload_removed"], 201]);
    // What gave it up may have lost its answer in turn: then its tombstone is settled after the grace.
    await settled(3_600_000);
    const verified = await settled(3_600_000, true);
    expect(verified).toEqual([]);
    await opened.close();
    const listed = await fetch(`${server.url}/mp4/api/list/live/lost`);
    expect(await listed.json()).toMatchObject({ total: 1 });
  });

  it.each(["SIGKILL", "SIGSTOP"] as const)(
    "reads from the primary while its replica is away after %s",
    async (signal) => {
      server = await start({ BOXCAR_CATALOG_REPLICA: servers.replica.url });
      expect((await upload()).status).toBe(201);
      await servers.replica.kill(signal);
      const outcome = await call(`/mp4/download/live/cam1.mp4?${range}`);
      expect(outcome.status).toBe(200);
      expect(outcome.ms).toBeLessThan(LIMIT_MS);
      expect((await upload()).status).toBe(201);
      if (signal === "SIGKILL") await servers.replica.start();
      else await servers.replica.kill("SIGCONT");
      expect((await call(`/mp4/download/live/cam1.mp4?${range}`)).status).toBe(200);
    },
  );

  it.each([
    ["a server", (): string => servers.replica.url],
    ["a file of its own", (): string => `file:${join(folder, "near.db")}`],
  ])("serves downloads from a replica (%s) while the primary is away", async (_, replica) => {
    server = await start({ BOXCAR_CATALOG_REPLICA: replica() });
    expect((await upload()).status).toBe(201);
    const path = `/mp4/download/live/cam1.mp4?${range}`;
    expect((await call(path)).status).toBe(200);
    if (replica() === servers.replica.url) {
      const opened = openCatalogHttp({ url: servers.primary.url, replica: servers.replica });
      await catchUp(opened.db);
      await opened.close();
    }
    // A replica in a file asks for what is new once a second.
    else await new Promise((resolve) => setTimeout(resolve, 2500));
    await servers.primary.kill();
    expect(await upload()).toMatchObject(unavailable);
    expect((await call(path)).status).toBe(200);
    expect((await call("/mp4/api/list/live/cam1")).status).toBe(200);
    expect((await call("/readyz")).status).toBe(200);
    await servers.primary.start();
    // The replica connects again by itself.
    await recovered();
    expect((await upload()).status).toBe(201);
  });

  it("starts while its catalog is away, and migrates it when it comes", async () => {
    const logged = vi.spyOn(process.stderr, "write");
    const fresh = await startSqld(join(folder, "fresh"));
    await fresh.kill();
    server = await start({ BOXCAR_CATALOG: fresh.url });
    // Longer than a server that has its catalog waits before it reconciles.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(await call("/mp4/api/catalog")).toMatchObject(unavailable);
    expect(logged.mock.calls.join()).not.toContain("reconciling failed");
    logged.mockRestore();
    await fresh.start();
    await recovered();
    expect((await call("/mp4/api/catalog")).status).toBe(200);
    expect((await upload()).status).toBe(201);
    await fresh.kill();
  });

  it("finishes a download that is under way when its catalog goes", async () => {
    server = await start({});
    for (let i = 0; i < 5; i++) expect((await upload()).status).toBe(201);
    const path = `${server.url}/mp4/download/live/cam1.mp4?${range}`;
    const whole = Buffer.from(await (await fetch(path)).arrayBuffer());
    const response = await fetch(path);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const chunks = [(await reader.read()).value ?? new Uint8Array()];
    await servers.primary.kill();
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
    expect(Buffer.compare(Buffer.concat(chunks), whole)).toBe(0);
    await servers.primary.start();
    await recovered();
  });
});

describe.skipIf(sqldPath === undefined)("a catalog on libSQL servers", () => {
  let folder: string;
  let primary: Sqld;
  let empty: Sqld;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-lag-"));
    primary = await startSqld(join(folder, "primary"));
    empty = await startSqld(join(folder, "empty"));
  });
  afterAll(async () => {
    await primary.kill();
    await empty.kill();
    await rm(folder, { recursive: true });
  });

  it("is migrated once by several at the same time, and by the command", async () => {
    const all = Array.from({ length: 5 }, () => openCatalogHttp({ url: primary.url, timeoutMs: 20_000 }));
    const ran = await Promise.all(all.map(({ db }) => migrate(db)));
    const names = ran.flat().sort();
    expect(names[0]).toBe("001_segments");
    expect(names).toEqual([...new Set(names)]);
    for (const each of all) await each.close();
    const env = { BOXCAR_CATALOG: empty.url };
    expect(await boxcar(["migrate"], env)).toMatchObject({
      code: 0,
      stdout: `Migrated the catalog: ${names.join(", ")}\n`,
    });
    expect(await boxcar(["migrate"], env)).toMatchObject({ code: 0, stdout: "The catalog is up to date.\n" });
    expect(await boxcar(["migrate"], { BOXCAR_CATALOG: "http://127.0.0.1:9" })).toMatchObject({ code: 1 });
  });

  it("takes 100 uploads at once from one node, and from two", async () => {
    const nodes = [1, 2].map(() => openCatalogHttp({ url: primary.url, writesAtOnce: 2, timeoutMs: 20_000 }));
    const rng = random(seedOf(8));
    for (const some of [nodes.slice(0, 1), nodes]) {
      const catalogs = some.map(({ catalog }) => catalog);
      const added = await Promise.all(
        Array.from({ length: 100 }, (_, i) => add(rng.pick(catalogs), "live/many", i, i + 1)),
      );
      expect(new Set(added.map(({ id }) => id)).size, `seed ${rng.seed}`).toBe(100);
    }
    const streams = await nodes[0]?.catalog.streams();
    expect(streams?.find(({ streamPath }) => streamPath === "live/many")?.count).toBe(200);
    for (const node of nodes) await node.close();
  });

  it("answers more reads at once than the server has room for", async () => {
    const opened = openCatalogHttp({ url: primary.url, timeoutMs: 20_000 });
    const ends = await Promise.all(Array.from({ length: 300 }, () => opened.catalog.newestEnd("live/none")));
    expect(new Set(ends)).toEqual(new Set([undefined]));
    await opened.close();
  });

  it("believes no replica that has nothing", async () => {
    // A replica that lags for ever: it is of another, empty primary.
    const opened = openCatalogHttp({ url: primary.url, replica: empty, timeoutMs: 20_000 });
    const { catalog } = opened;
    const { id } = await add(catalog, "live/new", 0, 60_000);
    const ids: number[] = [];
    for await (const page of catalog.overlapping("live/new", 0, 1000)) ids.push(...page.map((one) => one.id));
    for await (const page of catalog.recorded("live/new", 0, 1000)) ids.push(...page.segments.map((one) => one.id));
    expect(ids).toEqual([id, id]);
    expect(await catalog.newestEnd("live/new")).toBe(60_000);
    expect((await catalog.indexesOf([id])).size).toBe(1);
    expect(await catalog.list({ streamPath: "live/new", pageNum: 1, pageSize: 10 })).toMatchObject({ total: 1 });
    expect((await catalog.streams()).map(({ streamPath }) => streamPath)).toContain("live/new");
    await opened.close();
  });

  it("finds a new segment in an hour of which its replica knows another", async () => {
    const behind = openCatalogHttp({ url: empty.url, timeoutMs: 20_000 });
    await add(behind.catalog, "live/late", 0, 1000);
    const opened = openCatalogHttp({ url: primary.url, replica: empty, timeoutMs: 20_000 });
    const { catalog } = opened;
    await add(catalog, "live/late", 0, 1000);
    const { id } = await add(catalog, "live/late", 1000, 2000);
    const ids: number[] = [];
    for await (const page of catalog.recorded("live/late", 1000, 2000)) ids.push(...page.segments.map((one) => one.id));
    expect(ids).toEqual([id]);
    await behind.close();
    await opened.close();
  });
});
