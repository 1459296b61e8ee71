/** Uploads of files on all runtimes, over one catalog and one bucket: the same answers, and uploads that move. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { png, styles, writeForm, type FormField } from "../support/forms.ts";
import { record } from "../support/recording.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";
import { startBucket, type Bucket } from "./bucket.ts";
import { auth, token } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge } from "./edges.ts";
import { bundleWorker, startWorker } from "./worker-edge.ts";

const onServers = servers.filter(isInstalled);
const names = [...onServers, "worker"] as const;
type Name = (typeof names)[number];

let folder: string;
let sqld: Sqld;
let bucket: Bucket;
let movie: Buffer<ArrayBuffer>;
const edges = new Map<Name, Edge>();

interface StoredFile {
  path: string;
  url: string;
  image_class_id: number;
  media?: { width: number; duration: number };
}

describe.skipIf(sqldPath === undefined)("on every runtime", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-runtime-uploads-"));
    const [segment] = await record({ count: 1, seconds: 2, size: "320x180" });
    movie = await readFile(segment?.file ?? "");
    [sqld, bucket] = await Promise.all([startSqld(join(folder, "sqld")), startBucket()]);
    const env = { BOXCAR_CATALOG: sqld.url, BOXCAR_TOKEN: token, BOXCAR_MAX_UPLOAD: "1M", ...bucket.env };
    for (const name of onServers) edges.set(name, await startEdge(name, { ...env, BOXCAR_DATA: join(folder, name) }));
    edges.set("worker", await startWorker(await bundleWorker(join(folder, "worker")), env));
  });
  afterAll(async () => {
    await Promise.all([...edges.values()].map((edge) => edge.stop()));
    await sqld.kill();
    await bucket.close();
    await rm(folder, { recursive: true });
  });

  const ask = (name: Name, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${edges.get(name)?.url ?? ""}${path}`, {
      ...init,
      headers: { ...auth, ...(init.headers as Record<string, string>) },
    });
  async function send(name: Name, path: string, fields: readonly FormField[]): Promise<[number, string, unknown]> {
    const { contentType, body } = writeForm(fields, styles.wechat);
    const response = await ask(name, path, { method: "POST", body, headers: { "Content-Type": contentType } });
    const { msg, data } = (await response.json()) as { msg: string; data: unknown };
    return [response.status, msg, data];
  }
  const img = (value: Uint8Array | string, name = "img"): FormField => ({ name, value, fileName: "晚餐.png" });
  const bytesOf = async (name: Name, path: string): Promise<Buffer> =>
    Buffer.from(await (await ask(name, `/files/${path}`)).arrayBuffer());

  describe.each(names)("%s", (name) => {
    it("takes a form into the store, and serves it on all", async () => {
      const fields = [img(png), { name: "imageClassId", value: "3" }, img(movie)];
      const [status, msg, data] = await send(name, "/api/chat/uploadAliyun", fields);
      expect([status, msg]).toEqual([200, "ok"]);
      const [picture, video] = data as [StoredFile, StoredFile];
      expect(picture).toMatchObject({ image_class_id: 3, path: expect.stringMatching(/\.png$/) as string });
      expect(video).toMatchObject({ image_class_id: 3, media: { width: 320, duration: 2 } });
      for (const other of names) {
        expect((await bytesOf(other, picture.path)).equals(png), other).toBe(true);
        expect((await bytesOf(other, video.path)).equals(movie), other).toBe(true);
      }
    });

    it.each<[string, FormField[], number]>([
      ["a page named as a picture", [img("<!DOCTYPE html><html></html>")], 415],
      ["a file in an unknown field", [img(png), img(png, "other")], 400],
      ["no file", [], 400],
      ["too many bytes", [img(Buffer.concat([png, Buffer.alloc(2 << 20)]))], 413],
    ])("refuses %s, and keeps nothing", async (_what, fields, expected) => {
      const before = [...bucket.objects.keys()];
      const [status, msg] = await send(name, "/api/chat/uploadAliyun", fields);
      expect([status, msg]).toEqual([expected, "fail"]);
      expect([...bucket.objects.keys()]).toEqual(before);
    });

    it("takes a file onto its disk, where it has one", async () => {
      const [status, msg, data] = await send(name, "/api/chat/uploadStreamSingleToServerDiy/chat", [img(png, "file")]);
      if (name === "worker") {
        expect([status, msg]).toEqual([501, "fail"]);
        return;
      }
      expect([status, msg]).toEqual([200, "ok"]);
      const response = await ask(name, (data as { url: string }).url);
      expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
    });
  });

  it("a resumable upload moves from one to the next", async () => {
    const tus = { "Tus-Resumable": "1.0.0" };
    const created = await ask("worker", "/api/uploads", {
      method: "POST",
      headers: { ...tus, "Upload-Length": String(movie.length) },
    });
    expect(created.status).toBe(201);
    const path = created.headers.get("location") ?? "";
    const size = Math.ceil(movie.length / names.length);
    for (const [i, name] of names.entries()) {
      const head = await ask(name, path, { method: "HEAD", headers: tus });
      expect(head.headers.get("upload-offset"), name).toBe(String(i * size));
      const headers = { ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(i * size) };
      const body = movie.subarray(i * size, (i + 1) * size);
      expect((await ask(name, path, { method: "PATCH", body, headers })).status, name).toBe(204);
    }
    for (const name of names) {
      const { data } = (await (await ask(name, path)).json()) as { data: { offset: number; file: StoredFile } };
      expect(data, name).toMatchObject({ offset: movie.length, file: { media: { width: 320, duration: 2 } } });
      expect((await bytesOf(name, data.file.path)).equals(movie), name).toBe(true);
    }
    expect([...bucket.objects.keys()].filter((key) => key.startsWith("resumable/"))).toEqual([]);
  });
});
