import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { png, styles, writeForm, type FormField, type FormStyle } from "../support/forms.ts";
import { random, seedOf } from "../support/random.ts";
import { record } from "../support/recording.ts";

const MAX = 4 << 20;
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_MAX_UPLOAD: String(MAX), BOXCAR_UPLOAD_FOLDERS: "chat,avatar" });
});
afterAll(() => server.close());

interface StoredFile {
  url: string;
  path: string;
  image_class_id: number;
  create_time: number;
  media?: { width: number; height: number; duration: number; codecs: string };
  cover?: string;
}
interface Answer {
  status: number;
  msg: string;
  data: unknown;
}

async function send(path: string, fields: readonly FormField[], style: FormStyle = styles.chrome): Promise<Answer> {
  const { contentType, body } = writeForm(fields, style);
  const response = await server.fetch(path, { method: "POST", body, headers: { "Content-Type": contentType } });
  return { status: response.status, ...((await response.json()) as { msg: string; data: unknown }) };
}

async function stored(
  fields: readonly FormField[],
  path = "/api/chat/uploadAliyun",
  style?: FormStyle,
): Promise<StoredFile[]> {
  const { status, msg, data } = await send(path, fields, style);
  expect({ status, msg, data }).toMatchObject({ status: 200, msg: "ok" });
  return data as StoredFile[];
}

const img = (value: string | Uint8Array = png, fileName = "a.png"): FormField => ({
  ...{ name: "img", value, fileName, type: "image/png" },
});

/** Keys of all objects, and rows that are not stored: what a refused upload must not leave. */
async function leftovers(): Promise<{ objects: string[]; unsettled: number }> {
  const objects: string[] = [];
  for (const store of [server.parts.store, server.parts.publicFiles])
    for await (const { key } of store.list("")) objects.push(key);
  const unsettled = await server.parts.catalog.uploads.unsettled(Number.MAX_SAFE_INTEGER, 0, 1000);
  return { objects: objects.toSorted(), unsettled: unsettled.length };
}
let before: Awaited<ReturnType<typeof leftovers>>;
beforeEach(async () => {
  before = await leftovers();
});

describe("POST /api/chat/uploadAliyun", () => {
  it.each(Object.entries(styles))("takes what %s sends", async (_name, style) => {
    const fields = [{ name: "image_class_id", value: "12" }, img(png, "晚餐 1.png")];
    const [file] = await stored(fields, "/api/chat/uploadAliyun", style);
    expect(file?.path).toMatch(/^images\/\d{8}\/\d{13}_[0-9a-f]{12}\.png$/);
    expect(file).toEqual({
      url: `${server.url}/files/${file?.path}`,
      path: file?.path,
      image_class_id: 12,
      create_time: expect.closeTo(Date.now() / 1000, -2) as number,
    });
    const response = await fetch(file?.url ?? "");
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
    expect(response.headers.get("content-type")).toBe("image/png");
  });

  it.each([
    ["in the query", "?imageClassId=5", [img()], 5],
    ["in the form after the file", "", [img(), { name: "imageClassId", value: "6" }], 6],
    ["twice, the same", "?imageClassId=7", [{ name: "imageClassId", value: "7" }, img()], 7],
    ["nowhere", "", [img()], 0],
  ])("finds the class %s", async (_where, query, fields, expected) => {
    const [file] = await stored(fields, `/api/chat/uploadAliyun${query}`);
    expect(file?.image_class_id).toBe(expected);
  });

  it("takes several files at once, in their order", async () => {
    const gif = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");
    const files = await stored([img(png), img(gif), img(png)]);
    expect(files.map(({ path }) => path.slice(-4))).toEqual([".png", ".gif", ".png"]);
    expect(new Set(files.map(({ path }) => path)).size).toBe(3);
  });

  it.each([
    ["progressive", { moov: "last" as const }],
    ["fragmented", { fragmented: true }],
  ])("tells what a %s video is made of, and where its cover is", async (_kind, options) => {
    const [segment] = await record({ count: 1, seconds: 2, size: "320x180", ...options });
    const bytes = await readFile(segment?.file ?? "");
    const [file] = await stored([{ ...img(bytes, "VID_1.MOV"), type: "image/jpeg" }]);
    expect(file?.path).toMatch(/\.mp4$/);
    expect(file?.media).toEqual({
      width: 320,
      height: 180,
      duration: 2,
      codecs: expect.stringMatching(/^avc1\.\w{6},mp4a\.40\.2$/) as string,
    });
    expect(file?.cover).toBe(`${file?.url}?x-oss-process=video/snapshot,t_0,f_jpg`);
    const upload = await server.parts.catalog.uploads.find("store", file?.path ?? "");
    const index = await server.parts.catalog.uploads.indexOf(upload?.id ?? 0);
    expect(index?.byteLength).toBeGreaterThan(300);
  });

  it("keeps a video that cannot be indexed, without what an index would tell", async () => {
    const [segment] = await record({ count: 1, seconds: 2 });
    const bytes = await readFile(segment?.file ?? "");
    const [file] = await stored([img(bytes.subarray(0, 5000), "cut.mp4")]);
    expect(file).not.toHaveProperty("media");
    expect(file).not.toHaveProperty("cover");
  });

  const html = "<!DOCTYPE html><html><script>alert(1)</script></html>";
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
  it.each<[string, FormField[], number, string]>([
    ["no file", [{ name: "imageClassId", value: "1" }], 400, "no file"],
    ["nothing", [], 400, "no file"],
    ["a file in another field", [{ ...img(), name: "file" }], 400, "img"],
    ["an empty file", [img("")], 400, "empty"],
    ["a page named as a picture", [img(html, "a.png")], 415, "a.png"],
    ["a drawing that can hold script", [img(svg, "a.svg")], 415, "type"],
    ["a drawing after an XML head", [img(`<?xml version="1.0"?>${svg}`, "a.png")], 415, "application/xml"],
    ["a program", [img("MZ\x90\0\x03", "a.png")], 415, "type"],
    ["plain text", [img("hello", "a.txt")], 415, "type"],
    ["one bad file among good ones", [img(), img(), img(html)], 415, "type"],
    ["a class that is no number", [img(), { name: "imageClassId", value: "1e3" }], 400, "imageClassId"],
    ["a class below zero", [{ name: "image_class_id", value: "-1" }, img()], 400, "imageClassId"],
    ["a class without end", [img(), { name: "imageClassId", value: "9".repeat(20) }], 400, "imageClassId"],
    ["two classes", [{ name: "imageClassId", value: "1" }, img(), { name: "image_class_id", value: "2" }], 400, "two"],
    ["too many files", Array.from({ length: 21 }, () => img()), 400, "20 files"],
    ["too much in one file", [img(Buffer.concat([png, Buffer.alloc(MAX)]))], 413, String(MAX)],
    [
      "too much in sum",
      [img(Buffer.concat([png, Buffer.alloc(MAX / 2)])), img(Buffer.concat([png, Buffer.alloc(MAX / 2)]))],
      413,
      String(MAX),
    ],
  ])("refuses %s and keeps nothing", async (_what, fields, status, said) => {
    const answer = await send("/api/chat/uploadAliyun", fields);
    expect(answer).toEqual({ status, msg: "fail", data: expect.stringContaining(said) as string });
    expect(await leftovers()).toEqual(before);
  });

  it.each([
    ["?imageClassId=x", 400],
    ["?imageClassId=-1", 400],
    ["?imageClassId=1&imageClassId=2", 400],
  ])("refuses %s", async (query, status) => {
    expect(await send(`/api/chat/uploadAliyun${query}`, [img()])).toMatchObject({ status, msg: "fail" });
    expect(await leftovers()).toEqual(before);
  });

  it("refuses a body that is no form", async () => {
    const response = await server.fetch("/api/chat/uploadAliyun", { method: "POST", body: "{}" });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ msg: "fail" });
  });

  it.each<[string, FormField, number]>([
    ["a file in a wrong field", { ...img(), name: "file" }, 400],
    ["a file of a wrong type", img("<!DOCTYPE html>".padEnd(5000, " ")), 415],
  ])("refuses %s at once, and closes the connection that goes on sending", async (_what, field, status) => {
    const { contentType, body } = writeForm([field]);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => undefined); // the server closes while this writes
    let answer = "";
    let sent = body.length;
    socket.on("data", (chunk) => (answer += chunk.toString()));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const length = 2 ** 40;
    socket.write(
      `POST /api/chat/uploadAliyun HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    socket.write(`${length.toString(16)}\r\n`);
    socket.write(body.subarray(0, body.length - 50));
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      for (let on = true; on && !socket.destroyed && sent < length;) {
        sent += chunk.length;
        on = socket.write(chunk);
      }
    };
    socket.on("drain", more);
    more();
    await closed;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('"msg":"fail"');
    expect(await leftovers()).toEqual(before);
  });

  it("answers over-size while the body still comes, without a length given", async () => {
    let sent = 0;
    const chunk = Buffer.alloc(65_536);
    const { contentType, body } = writeForm([img()]);
    const open = body.subarray(0, body.length - 50);
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(sent === 0 ? open : chunk);
        sent += 65_536;
        if (sent > 100 * MAX) controller.close();
      },
    });
    const init = { method: "POST", body: stream, duplex: "half", headers: { "Content-Type": contentType } };
    const response = await server.fetch("/api/chat/uploadAliyun", init);
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(100 * MAX);
    expect(await leftovers()).toEqual(before);
  });

  it("takes a hundred at once", async () => {
    const chance = random(7);
    const contents = Array.from({ length: 100 }, () =>
      Buffer.concat([png, chance.bytes(1000 + chance.below(200_000))]),
    );
    const files = await Promise.all(contents.map(async (content) => (await stored([img(content)]))[0]));
    expect(new Set(files.map((file) => file?.path)).size).toBe(100);
    for (const [i, file] of files.entries()) {
      const bytes = Buffer.from(await (await fetch(file?.url ?? "")).arrayBuffer());
      expect(bytes.equals(contents[i] ?? png)).toBe(true);
    }
    expect((await leftovers()).unsettled).toBe(0);
  });

  const large = Buffer.concat([png, random(1).bytes(300_000)]);
  it.each([
    ["/api/chat/uploadAliyun", [img(large), img(), img()]],
    ["/api/chat/uploadStreamSingleToServerDiy/chat", [{ ...img(large), name: "file" }]],
  ])("keeps nothing of uploads to %s that break off anywhere", async (path, fields) => {
    const seed = seedOf(31_012_026);
    const chance = random(seed);
    const { contentType, body } = writeForm(fields);
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const length = chance.below(body.length - 4);
        const socket = connect(server.port, "127.0.0.1");
        socket.on("error", () => undefined); // a type that is refused closes it
        await new Promise((resolve) => socket.once("connect", resolve));
        const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
        socket.write(head);
        await new Promise((resolve) => socket.write(body.subarray(0, length), resolve));
        socket.resetAndDestroy();
      }),
    );
    await expect.poll(leftovers, { timeout: 10_000, message: `seed ${seed}` }).toEqual(before);
  });

  it("takes as many at once as it may, and refuses the others", async () => {
    const limited = await startTestServer({ BOXCAR_UPLOADS: "8" });
    try {
      const chance = random(8);
      const contents = Array.from({ length: 100 }, () => Buffer.concat([png, chance.bytes(100_000)]));
      const answers = await Promise.all(
        contents.map(async (content) => {
          const { contentType, body } = writeForm([img(content)]);
          const headers = { "Content-Type": contentType };
          const response = await limited.fetch("/api/chat/uploadAliyun", { method: "POST", body, headers });
          const { msg, data } = (await response.json()) as { msg: string; data: StoredFile[] | string };
          return { status: response.status, retry: response.headers.get("retry-after"), msg, data, content };
        }),
      );
      const taken = answers.filter(({ status }) => status === 200);
      expect(taken.length).toBeGreaterThanOrEqual(8);
      for (const { content, data } of taken) {
        const response = await fetch((data as StoredFile[])[0]?.url ?? "");
        expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
      }
      const refused = answers.filter(({ status }) => status !== 200);
      expect(refused.length).toBeGreaterThan(0);
      for (const { status, retry, msg, data } of refused)
        expect({ status, retry, msg, data }).toEqual({
          ...{ status: 429, retry: "5", msg: "fail", data: expect.stringContaining("8 uploads") as string },
        });
      const keys: string[] = [];
      for await (const { key } of limited.parts.store.list("")) keys.push(key);
      expect(keys.toSorted()).toEqual(taken.map(({ data }) => (data as StoredFile[])[0]?.path).toSorted());
      expect(await limited.parts.catalog.uploads.unsettled(Number.MAX_SAFE_INTEGER, 0, 1000)).toEqual([]);
    } finally {
      await limited.close();
    }
  });
});

describe("POST /api/chat/uploadStreamSingleToServerDiy/{dir}", () => {
  const path = "/api/chat/uploadStreamSingleToServerDiy";
  const file = (value: string | Uint8Array = png): FormField => ({ ...img(value), name: "file" });

  it.each(Object.entries(styles))("puts what %s sends where /public/uploads serves it", async (_name, style) => {
    const answer = await send(`${path}/avatar`, [file()], style);
    const url = expect.stringMatching(/^\/public\/uploads\/Diy\/avatar\/\d{8}\/\d{13}_[0-9a-f]{12}\.png$/) as string;
    expect(answer).toEqual({ status: 200, msg: "ok", data: { url } });
    const response = await server.fetch((answer.data as { url: string }).url);
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
  });

  it("serves ranges, entity tags and types that are safe to show", async () => {
    const { data } = await send(`${path}/avatar`, [file()]);
    const { url } = data as { url: string };
    const response = await server.fetch(url, { headers: { Range: "bytes=1-3" } });
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 206, text: "PNG" });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "image/png",
      "content-range": `bytes 1-3/${png.length}`,
      "x-content-type-options": "nosniff",
      "content-disposition": expect.stringMatching(/^inline/) as string,
      "content-security-policy": "default-src 'none'; sandbox",
      "cache-control": "public, max-age=31536000, immutable",
      etag: expect.stringMatching(/^"stored-/) as string,
    });
    const again = await server.fetch(url, { headers: { "If-None-Match": response.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    const head = await server.fetch(url, { method: "HEAD" });
    expect({ status: head.status, length: head.headers.get("content-length") }).toEqual({
      status: 200,
      length: String(png.length),
    });
  });

  it("hands out documents only to be saved", async () => {
    const { data } = await send(`${path}/chat`, [file("%PDF-1.7\n%âãÏÓ\n1 0 obj\n")]);
    const response = await server.fetch((data as { url: string }).url);
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="?\d{13}_[0-9a-f]{12}\.pdf"?$/);
    await response.arrayBuffer();
  });

  it.each([
    "..",
    "%2e%2e",
    "%252e%252e",
    "..%2f..%2fetc",
    "chat%2f..%2f..",
    "%2fetc",
    "%5c..%5cchat",
    "..\\chat",
    "%5c%5chost%5cshare",
    "C:%5cchat",
    "C:",
    "chat%00",
    "%00chat",
    "chat%2500",
    "C%3A%2Fchat",
    "chat%20",
    "CHAT",
    "chat.",
    "%E2%80%A6",
    "unknown",
    "__proto__",
    "chat/deeper",
    "",
  ])("refuses the folder %j", async (dir) => {
    // Written by hand: fetch would resolve the dots by itself.
    const { contentType, body } = writeForm([file()]);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString()));
      socket.on("close", () => resolve(text));
      socket.write(
        `POST ${path}/${dir} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    // A backslash that is not escaped is no URL: it does not get as far as a call.
    if (!dir.includes("\\")) expect(answer).toContain('"msg":"fail"');
    expect(await leftovers()).toEqual(before);
  });

  it("refuses a folder that is a symbolic link to elsewhere, and writes nothing there", async () => {
    const linked = await startTestServer();
    const elsewhere = await mkdtemp(join(tmpdir(), "boxcar-elsewhere-"));
    try {
      await mkdir(join(linked.folder, "public", "Diy"), { recursive: true });
      await symlink(elsewhere, join(linked.folder, "public", "Diy", "chat"));
      const { contentType, body } = writeForm([file()]);
      const headers = { "Content-Type": contentType };
      const response = await linked.fetch(`${path}/chat`, { method: "POST", body, headers });
      expect({ status: response.status, json: (await response.json()) as unknown }).toMatchObject({
        ...{ status: 502, json: { msg: "fail" } },
      });
      expect(await readdir(elsewhere)).toEqual([]);
      expect(await linked.parts.catalog.uploads.unsettled(Number.MAX_SAFE_INTEGER, 0, 1000)).toEqual([]);
    } finally {
      await linked.close();
      await rm(elsewhere, { recursive: true });
    }
  });

  it("keeps the first of more files alone", async () => {
    expect(await send(`${path}/chat`, [file(), file()])).toMatchObject({ status: 200, msg: "ok" });
    expect(await send(`${path}/chat`, [img(), file()])).toMatchObject({ status: 200, msg: "ok" });
    const after = await leftovers();
    expect([after.objects.length - before.objects.length, after.unsettled]).toEqual([2, before.unsettled]);
  });
});
