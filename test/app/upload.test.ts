import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildMovie, videoEntry, type MovieTrack } from "../support/movie.ts";
import { RECORDED_AT, record, type RecordedSegment } from "../support/recording.ts";
import { bytes, box, u32 } from "../support/boxes.ts";
import { startTestServer, type Reply, type TestServer } from "./test-server.ts";

const emptyTrack: MovieTrack = {
  handler: "vide",
  timescale: 1000,
  entries: [videoEntry("avc1", 16, 16)],
  samples: [],
};
const maxUpload = 8 * 2 ** 20;
let server: TestServer;
let recorded: RecordedSegment[];
let file: Buffer<ArrayBuffer>;
let stream = 0;
let path = "";

beforeAll(async () => {
  server = await startTestServer({ BOXCAR_MAX_UPLOAD: String(maxUpload) });
  recorded = await record({ count: 2, seconds: 2 });
  file = await readFile(recorded[0]?.file ?? "");
});
afterAll(() => server.close());
beforeEach(() => {
  path = `live/cam${++stream}`;
});

const put = (
  body: BodyInit,
  query = `start=${RECORDED_AT}`,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: Reply; headers: Headers }> =>
  fetch(`${server.url}/mp4/api/segments/${path}?${query}`, {
    method: "PUT",
    body,
    headers,
    duplex: "half",
  } as RequestInit).then(async (response) => ({
    status: response.status,
    json: (await response.json()) as Reply,
    headers: response.headers,
  }));

async function objects(): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of server.parts.store.list(`segments/${path}/`)) keys.push(key);
  return keys.length;
}

/** Rows of any state, as the catalog itself sees them. */
async function rows(): Promise<number> {
  const { total } = await server.parts.catalog.list({ streamPath: path, pageNum: 1, pageSize: 1 });
  const pending = await server.parts.catalog.unsettled.page({ pendingMs: Date.now() + 1e9, tombstoneMs: 0 }, 0, 10);
  return total + pending.length;
}

async function expectNothingLeft(): Promise<void> {
  expect({ objects: await objects(), rows: await rows() }).toEqual({ objects: 0, rows: 0 });
}

describe("a segment that is put", () => {
  it("is stored, indexed and listed, and comes back as it is", async () => {
    const { status, json, headers } = await put(file);
    expect({ status, json }).toMatchObject({ status: 201, json: { code: 0, message: "" } });
    const data = json.data as Record<string, unknown>;
    expect(data).toMatchObject({
      streamPath: path,
      startTime: "2026-01-31T10:00:00.000Z",
      endTime: "2026-01-31T10:00:02.000Z",
      durationMs: 2000,
      size: file.length,
      type: "mp4",
      eventLevel: null,
      startSource: "request",
      warnings: [],
    });
    expect(data.codecs).toMatch(/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/i);
    expect(headers.get("location")).toBe(data.url);
    const listed = (await server.call(`/mp4/api/list/${path}`)).json;
    expect(listed.total).toBe(1);
    expect([{ ...(listed.data as object[])[0], startSource: "request", warnings: [] }]).toEqual([data]);
    const download = await server.fetch(headers.get("location") ?? "");
    expect(Buffer.from(await download.arrayBuffer()).equals(file)).toBe(true);
  });

  it("may arrive in small chunks and without a length", async () => {
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= file.length) controller.close();
        else controller.enqueue(new Uint8Array(file.subarray(at, (at += 997))));
      },
    });
    expect((await put(body)).status).toBe(201);
  });

  it("takes its start in every form of a time, and in a zone", async () => {
    for (const start of [
      "2026-01-31T10:00:00Z",
      "2026-01-31T18:00:00%2B08:00",
      "2026-01-31T18:00:00&tz=Asia/Shanghai",
    ]) {
      const { json } = await put(file, `start=${start}`);
      expect(json.data, start).toMatchObject({ startTime: "2026-01-31T10:00:00.000Z" });
    }
  });

  it("says that it is there already, when the same comes again without a key", async () => {
    const path = "live/twice?start=2026-01-31T12:00:00Z";
    const [first] = await record({ count: 1, seconds: 2 });
    const bytes = await readFile(first?.file ?? "");
    const taken: { id: number; warnings: string[] }[] = [];
    for (const more of ["", "", "&precision=1s"]) {
      const { status, json } = await server.call(`/mp4/api/segments/${path}${more}`, { method: "PUT", body: bytes });
      expect(status).toBe(201);
      taken.push(json.data as (typeof taken)[0]);
    }
    expect(taken[0]?.warnings).toEqual([]);
    for (const { warnings } of taken.slice(1))
      expect(warnings).toEqual([expect.stringMatching(`^segment (${taken.map(({ id }) => id).join("|")}) starts at`)]);
    const other = await server.call(`/mp4/api/segments/live/else?start=2026-01-31T12:00:00Z`, {
      method: "PUT",
      body: bytes,
    });
    expect(other.json.data).toMatchObject({ warnings: [] });
  });

  it("is not taken twice under one Idempotency-Key: the first answer comes again", async () => {
    const headers = { "idempotency-key": "upload-1" };
    const first = await put(file, undefined, headers);
    const again = await put(file, undefined, headers);
    expect(again.status).toBe(201);
    expect(again.json).toEqual(first.json);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await objects()).toBe(1);
    const other = await put(file, undefined, { "idempotency-key": "upload-2" });
    expect(other.json.data).not.toEqual(first.json.data);
  });

  it("is refused while the same key is under way", async () => {
    const headers = { "idempotency-key": "upload-1" };
    let finish = (): void => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(file.subarray(0, 1000)));
        finish = () => {
          controller.enqueue(new Uint8Array(file.subarray(1000)));
          controller.close();
        };
      },
    });
    const first = put(body, undefined, headers);
    while ((await rows()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await put(file, undefined, headers);
    expect(second).toMatchObject({ status: 409, json: { error: "idempotency_in_progress" } });
    finish();
    expect((await first).status).toBe(201);
  });
});

describe("a segment that was not closed properly is taken as far as it goes, with a warning", () => {
  it.each<[string, (fragmented: Buffer) => Uint8Array<ArrayBuffer>]>([
    [
      "An incomplete last movie fragment was left out.",
      (whole) => bytes(whole.subarray(0, whole.lastIndexOf("mdat") + 99)),
    ],
    ["Bytes after the last whole box were ignored.", (whole) => bytes(whole.subarray(0, -1))],
    ["Bytes after the last whole box were ignored.", () => bytes(file, "TAG", new Uint8Array(125))],
  ])("%s", async (warning, make) => {
    const [fragmented] = await record({ count: 1, seconds: 2, fragmented: true });
    const { status, json } = await put(make(await readFile(fragmented?.file ?? "")));
    expect({ status, data: json.data }).toMatchObject({ status: 201, data: { warnings: [warning] } });
    expect((await fetch(`${server.url}/mp4/download/${path}.mp4?start=${RECORDED_AT}&duration=1`)).status).toBe(200);
  });
});

describe("a segment that is refused leaves no row and no object", () => {
  it.each([
    { fields: { "content-range": "bytes 0-9/20" }, status: 400, error: "partial_body" },
    { fields: { "content-encoding": "gzip" }, status: 415, error: "unsupported_encoding" },
    { fields: { "content-encoding": "aws-chunked" }, status: 415, error: "unsupported_encoding" },
  ])("$error: a body that is not the whole file as it is", async ({ fields, status, error }) => {
    expect(await put(file, undefined, fields as Record<string, string>)).toMatchObject({ status, json: { error } });
    const form = {
      method: "POST",
      body: file,
      headers: { "content-type": "multipart/form-data; boundary=x", ...fields },
    };
    const tus = { "tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream", "upload-length": "9" };
    const begun = { method: "POST", body: "123456789", headers: { ...tus, ...fields } };
    for (const [call, init] of [
      ["/api/chat/uploadAliyun", form],
      ["/api/chat/uploadStreamSingleToServerDiy/chat", form],
      ["/api/uploads", begun],
    ] as const)
      expect((await server.fetch(call, init as RequestInit)).status, call).toBe(status);
    const json = { method: "POST", body: "{}", headers: fields } as RequestInit;
    expect(await server.call("/mp4/api/delete/s", json)).toMatchObject({ status, json: { error } });
    await expectNothingLeft();
  });

  it.each<[string, number, string, () => Parameters<typeof put>]>([
    ["text", 422, "not_mp4", () => ["this is no recording at all"]],
    ["nothing", 422, "not_mp4", () => [""]],
    ["less than a box", 422, "not_mp4", () => ["hello"]],
    ["half a file", 422, "truncated", () => [file.subarray(0, file.length >> 1)]],
    ["a file without moov", 422, "missing_box", () => [bytes(box("ftyp", "isom", u32(0), "isom"), box("mdat", "x"))]],
    ["a file without samples", 422, "no_samples", () => [buildMovie({ tracks: [emptyTrack] }).file]],
    ["no start anywhere", 400, "start_missing", () => [file, ""]],
    ["a bad start", 400, "bad_time", () => [file, "start=yesterday"]],
    ["a form", 415, "unsupported_body", () => [file, undefined, { "content-type": "multipart/form-data; boundary=x" }]],
    ["a bad key", 400, "bad_parameter", () => [file, undefined, { "idempotency-key": "a b" }]],
    ["a wrong parameter", 400, "bad_parameter", () => [file, "strat=5"]],
  ])("%s: %i %s", async (_name, status, error, request) => {
    const reply = await put(...request());
    expect({ status: reply.status, error: reply.json.error }).toEqual({ status, error });
    if (status === 422) expect(reply.json).toMatchObject({ offset: expect.any(Number) as number });
    await expectNothingLeft();
  });

  it("too many bytes, with a length or without", async () => {
    const large = new Uint8Array(maxUpload + 1);
    large.set(file);
    const declared = await put(large);
    expect(declared).toMatchObject({ status: 413, json: { error: "too_large", maxBytes: maxUpload } });
    let at = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        // A well-formed file that never ends: the rest is one large box.
        controller.enqueue(at === 0 ? new Uint8Array(file) : at === 1 ? bytes(u32(0), "mdat") : new Uint8Array(65_536));
        at++;
      },
    });
    const answer = await put(endless).catch(() => undefined); // some clients only see the connection close
    if (answer !== undefined) expect(answer.status).toBe(413);
    await expectNothingLeft();
  });

  it("a connection that breaks off", async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write(
      `PUT /mp4/api/segments/${path}?start=5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${file.length}\r\n\r\n`,
    );
    socket.write(file.subarray(0, file.length >> 1));
    while ((await rows()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    for (let i = 0; i < 500 && (await rows()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    await expectNothingLeft();
  });

  it("and the same key can be used for a good one", async () => {
    const headers = { "idempotency-key": "upload-1" };
    expect((await put("rubbish", undefined, headers)).status).toBe(422);
    expect((await put(file, undefined, headers)).status).toBe(201);
  });
});
