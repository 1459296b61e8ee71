import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { random, seedOf } from "../support/random.ts";
import { record, RECORDED_AT } from "../support/recording.ts";

/** May upload to streams below `site/` alone. */
const token = "0123456789abcdef0123456789abcdef";
let server: TestServer;
let bytes: Buffer<ArrayBuffer>;
beforeAll(async () => {
  const tokens = [{ name: "phone", scopes: ["upload:site/*", "read"], token }];
  server = await startTestServer({ BOXCAR_TOKENS: JSON.stringify(tokens) });
  const [segment] = await record({ count: 1, seconds: 2 });
  bytes = Buffer.from(await readFile(segment?.file ?? ""));
});
afterAll(() => server.close());

const fields = { "Tus-Resumable": "1.0.0", Authorization: `Bearer ${token}` };
const metadata = (values: Record<string, string>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
    .join(",");

function create(length: number, values: Record<string, string>): Promise<Response> {
  const headers = { ...fields, "Upload-Length": String(length), "Upload-Metadata": metadata(values) };
  return server.fetch("/api/uploads", { method: "POST", headers });
}

async function patch(path: string, offset: number, body: Uint8Array<ArrayBuffer>): Promise<number> {
  const type = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) };
  return (await server.fetch(path, { method: "PATCH", headers: { ...fields, ...type }, body })).status;
}

interface State {
  readonly offset: number;
  readonly segment: { readonly startTime: string; readonly size: number; readonly url: string } | null;
}
async function stateOf(path: string): Promise<State | undefined> {
  return (await server.call(path, { headers: fields })).json.data as State | undefined;
}

async function listed(streamPath: string): Promise<{ size: number }[]> {
  const { json } = await server.call(`/mp4/api/list/${streamPath}`, { headers: fields });
  return (json.data ?? []) as { size: number }[];
}

describe("resumable uploads of segments", () => {
  it("become one segment, whole, after any breaks, and whatever is sent twice", async () => {
    const chance = random(seedOf(31_012_040));
    const values = { streamPath: "site/gate", start: String(RECORDED_AT), filename: "a.mp4" };
    const path = (await create(bytes.length, values)).headers.get("location") ?? "";
    for (let offset = 0; offset < bytes.length;) {
      const end = Math.min(bytes.length, offset + 1 + chance.below(bytes.length));
      const part = bytes.subarray(offset, end);
      // Two at once: one of them goes on, the other learns that it may not.
      const statuses = await Promise.all([patch(path, offset, part), patch(path, offset, part)]);
      expect(statuses.toSorted(), `seed ${chance.seed}`).toEqual([204, expect.toBeOneOf([409, 423])]);
      offset = (await stateOf(path))?.offset ?? -1;
      expect(offset).toBe(end);
    }
    const segment = (await stateOf(path))?.segment;
    expect(segment).toMatchObject({ startTime: new Date(RECORDED_AT).toISOString(), size: bytes.length });
    expect(await listed("site/gate")).toHaveLength(1);
    const objects: { key: string; size: number; etag: string }[] = [];
    for await (const object of server.parts.store.list("")) objects.push(object);
    expect(objects, "no piece is left").toHaveLength(1);
    const [{ key, size, etag } = { key: "", size: 0, etag: "" }] = objects;
    const chunks: Uint8Array[] = [];
    for await (const chunk of server.parts.store.get(key, { offset: 0, length: size }, etag))
      chunks.push(chunk.slice());
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it("are refused where the caller may not upload to the stream, and where no stream is named", async () => {
    expect((await create(9, { streamPath: "live/cam1" })).status).toBe(403);
    expect((await create(9, { filename: "a.png" })).status).toBe(403);
    expect((await create(9, { streamPath: "../x" })).status).toBe(400);
    expect((await create(9, { streamPath: "site/a", start: "soon" })).status).toBe(400);
  });

  it("are gone once what they hold is refused", async () => {
    const path = (await create(20_000, { streamPath: "site/bad", start: String(RECORDED_AT) })).headers.get("location");
    expect(await patch(path ?? "", 0, new Uint8Array(20_000).fill(65))).toBe(422);
    expect(await stateOf(path ?? "")).toBeUndefined();
    expect(await listed("site/bad")).toEqual([]);
  });
});
