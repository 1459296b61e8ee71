import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { ingestSegment } from "../../src/intake/segments/segment-upload.ts";
import { startTestServer, chunksOf, type TestServer } from "../app/test-server.ts";
import { png } from "../support/forms.ts";
import { RECORDED_AT, record } from "../support/recording.ts";

let file: Buffer<ArrayBuffer>;
let server: TestServer;
let media: string;
beforeAll(async () => {
  const [recorded] = await record({ count: 2, seconds: 2 });
  file = await readFile(recorded?.file ?? "");
});
beforeEach(async () => {
  server = await startTestServer();
  media = join(server.folder, "media");
  expect(await put()).toBe(201);
  expect(await ready()).toBe(200);
});
afterEach(() => server.close());

let hour = 0;
const put = async (): Promise<number> => {
  const start = new Date(RECORDED_AT + hour++ * 3_600_000).toISOString();
  return (await server.fetch(`/mp4/api/segments/s?start=${start}`, { method: "PUT", body: file })).status;
};
const ready = async (): Promise<number> => (await server.fetch("/readyz")).status;
const segments = async (): Promise<unknown> => (await server.call("/mp4/api/list/s")).json.total;
const form = async (path: string, field: string): Promise<number> => {
  const body = new FormData();
  body.set(field, new Blob([png]), "a.png");
  return (await server.fetch(path, { method: "POST", body })).status;
};

describe("a media folder that is gone", () => {
  it("takes nothing, is not ready, and believes nothing absent until it is back", async () => {
    const { url } = ((await server.call("/mp4/api/list/s")).json.data as { url: string }[])[0] ?? { url: "" };
    await rename(media, `${media}-away`);
    for (const made of [false, true]) {
      if (made) await mkdir(media); // as a mount point is, when its disk is not there
      expect(await put()).toBe(503);
      expect(await form("/api/chat/uploadAliyun", "img")).toBe(503);
      const tus = { "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Length": "9" };
      expect(
        (await server.fetch("/api/uploads", { method: "POST", headers: tus, body: png.subarray(0, 9) })).status,
      ).toBe(503);
      expect(await ready()).toBe(503);
      expect((await server.fetch(url)).status).toBe(503);
      if (made) expect(await readdir(media)).toEqual([]);
    }
    expect(await segments()).toBe(1);
    await rm(media, { recursive: true });
    await rename(`${media}-away`, media);
    expect(await ready()).toBe(200);
    expect(await put()).toBe(201);
    expect((await server.fetch(url)).status).toBe(200);
  });

  it("does not let a deletion end before its object can be removed", async () => {
    expect((await server.call("/mp4/api/delete/s?ids=1", { method: "POST" })).status).toBe(200);
    await rename(media, `${media}-away`);
    const late = { nowMs: Date.now() + 3_600_000 };
    const kinds: string[] = [];
    for await (const { kind } of reconcile(server.parts, late)) kinds.push(kind);
    expect(kinds).toEqual(["store_failed"]);
    await rename(`${media}-away`, media);
    for await (const { kind } of reconcile(server.parts, late)) kinds.push(kind);
    expect(kinds).toEqual(["store_failed", "deletion_finished"]);
  });

  it("is missed by the next start, too, unless the operator says that another takes its place", async () => {
    const open = (store = ""): ReturnType<typeof openNodeParts> =>
      openNodeParts(readConfig({ BOXCAR_DATA: server.folder, BOXCAR_STORE: store }));
    const ingest = async (parts: Awaited<ReturnType<typeof open>>): Promise<string> => {
      try {
        await parts.migrate();
        await ingestSegment(parts, { streamPath: "t", startMs: RECORDED_AT, body: chunksOf(file) });
        return "taken";
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      } finally {
        await parts.close();
      }
    };
    const away = `${server.folder}/elsewhere`;
    await rename(media, away);
    const refused = await ingest(await open());
    const [, identity = "", path = ""] = /write (\S+) into (\S+)$/.exec(refused) ?? [];
    expect(path, refused).toBe(join(media, ".boxcar"));
    // Moved on purpose, the mark goes along.
    expect(await ingest(await open(`file:${away}`))).toBe("taken");
    await mkdir(media, { recursive: true });
    await writeFile(path, `${identity}\n`);
    expect(await ingest(await open())).toBe("taken");
  });

  it("may be that of public files", async () => {
    const path = "/api/chat/uploadStreamSingleToServerDiy/chat";
    expect(await form(path, "file")).toBe(200);
    await rm(join(server.folder, "public"), { recursive: true });
    expect(await form(path, "file")).toBe(503);
    expect(await ready()).toBe(503);
  });
});

describe("a catalog's file that is gone", () => {
  it.each(["removed", "replaced"])("acknowledges nothing when it was %s", async (what) => {
    const catalog = join(server.folder, "catalog.db");
    await rename(catalog, `${catalog}-away`);
    if (what === "replaced") await writeFile(catalog, await readFile(`${catalog}-away`));
    expect(await put()).toBe(503);
    expect((await server.call("/mp4/api/delete/s?ids=1", { method: "POST" })).status).toBe(503);
    expect(await ready()).toBe(503);
    expect(await segments()).toBeDefined();
    await rm(catalog, { force: true });
    await rename(`${catalog}-away`, catalog);
    expect(await ready()).toBe(200);
    expect(await put()).toBe(201);
  });
});
