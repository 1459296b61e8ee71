import { createClient } from "@libsql/client";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { startEdge, type ProcessEdge } from "../runtimes/edges.ts";
import { png, writeForm } from "../support/forms.ts";
import { random, seedOf } from "../support/random.ts";

/** Uploads while the built server is killed again and again. */
const ROUNDS = 8;
/** By then an upload is over, too, whose server was killed when it had finished it, before its pieces were gone; milliseconds. */
const AFTER_MS = 2 * 86_400_000;
const CHUNK = 256 << 10;
const tus = { "Tus-Resumable": "1.0.0" };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-crash-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A request whose body is sent chunk by chunk. Its answer is undefined when the server went away. */
function sending(method: string, url: string, headers: Record<string, string | number>) {
  const outgoing = request(url, { method, headers });
  let isGone = false;
  const answer = new Promise<{ status: number; text: string } | undefined>((resolve) => {
    outgoing.on("close", () => {
      isGone = true;
      resolve(undefined);
    });
    outgoing.on("error", () => resolve(undefined));
    outgoing.once("response", (response) => {
      let text = "";
      response.on("error", () => resolve(undefined));
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
  });
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length && !isGone; at += CHUNK)
      await new Promise((resolve) => outgoing.write(bytes.subarray(at, at + CHUNK), resolve));
  };
  return { write, end: () => outgoing.end(), answer };
}

const offsetOf = async (url: string): Promise<number> =>
  Number((await fetch(url, { method: "HEAD", headers: tus })).headers.get("upload-offset"));
const append = (url: string, offset: number, length: number) =>
  sending("PATCH", url, {
    ...{ ...tus, "Content-Type": "application/offset+octet-stream" },
    ...{ "Upload-Offset": offset, "Content-Length": length },
  });

it("a server that is killed loses no piece that counts, and nothing is left of what did not end", async () => {
  const seed = seedOf(31_012_029);
  const chance = random(seed);
  const bytes = Buffer.concat([png, ...Array<Uint8Array>(40).fill(chance.bytes(1 << 20))]);
  const form = writeForm([{ name: "img", value: bytes.subarray(0, 3 << 20), fileName: "a.png" }]);
  const env = { BOXCAR_DATA: folder };
  const start = (): Promise<ProcessEdge> => startEdge("node", env);
  let server = await start();
  const created = await fetch(`${server.url}/api/uploads`, {
    method: "POST",
    headers: { ...tus, "Upload-Length": String(bytes.length) },
  });
  const path = created.headers.get("location") ?? "";
  const answered: string[] = [];
  let offset = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const where = `seed ${seed}, round ${round}`;
    const resumed = append(server.url + path, offset, bytes.length - offset);
    const other = sending("POST", `${server.url}/api/chat/uploadAliyun`, {
      ...{ "Content-Type": form.contentType, "Content-Length": form.body.length },
    });
    // Every third time all of it: then the server is killed while it makes one file of the pieces.
    const sent = round % 3 === 2 ? bytes.length - offset : chance.below(bytes.length - offset);
    await Promise.all([
      resumed.write(bytes.subarray(offset, offset + sent)),
      other.write(form.body.subarray(0, chance.below(2 * form.body.length))),
    ]);
    await new Promise((resolve) => setTimeout(resolve, chance.below(60)));
    await server.kill();
    const [result] = await Promise.all([resumed.answer, other.answer.then((answer) => keep(answer, answered))]);
    server = await start();
    const kept = await offsetOf(server.url + path);
    expect(kept, where).toBeGreaterThanOrEqual(offset);
    expect(kept, where).toBeLessThanOrEqual(offset + sent);
    if (result !== undefined) expect(kept, where).toBe(offset + sent);
    offset = kept;
    if (offset === bytes.length) break;
  }
  if (offset < bytes.length) {
    const last = append(server.url + path, offset, bytes.length - offset);
    await last.write(bytes.subarray(offset));
    last.end();
    expect(await last.answer).toEqual({ status: 204, text: "" });
  }
  const state = (await (await fetch(server.url + path)).json()) as { data: { file: { path: string } } };
  const whole = await fetch(`${server.url}/files/${state.data.file.path}`);
  const digest = createHash("sha256")
    .update(Buffer.from(await whole.arrayBuffer()))
    .digest("hex");
  expect(digest, `seed ${seed}`).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(await server.stop()).toBe(0);
  await expectNothingElse([...answered, state.data.file.path], `seed ${seed}`);
});

function keep(answer: { status: number; text: string } | undefined, answered: string[]): void {
  if (answer?.status !== 200) return;
  answered.push(...(JSON.parse(answer.text) as { data: { path: string }[] }).data.map(({ path }) => path));
}

/** After the reconciler, the store holds the stored files alone, and among them all that were answered. */
async function expectNothingElse(answered: readonly string[], where: string): Promise<void> {
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
  const database = createClient({ url: `file:${join(folder, "catalog.db")}` });
  try {
    for await (const { kind } of reconcile(parts, { nowMs: Date.now() + AFTER_MS }))
      expect(["file_removed", "temporary_removed"], where).toContain(kind);
    const objects: string[] = [];
    for await (const { key } of parts.store.list("")) objects.push(key);
    const { rows } = await database.execute("select key, state from uploads");
    expect(
      rows.map(({ state }) => state),
      where,
    ).toEqual(rows.map(() => "stored"));
    expect(objects.toSorted(), where).toEqual(rows.map(({ key }) => key as string).toSorted());
    expect(objects, where).toEqual(expect.arrayContaining([...answered]));
    expect(await parts.sweep(Number.POSITIVE_INFINITY), where).toBe(0);
  } finally {
    database.close();
    await parts.close();
  }
}
