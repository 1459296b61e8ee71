/** Pictures of recordings whose media are damaged: a picture or a refusal, never a failure of the server. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { encoderOf, recordNumbered } from "../browser/numbered-recording.ts";
import { random, seedOf } from "../support/random.ts";
import { hasEncoder } from "../support/tools.ts";
import { sizeOf } from "./numbers.ts";

const chance = random(seedOf(23));
const ROUNDS = 5;

let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-damaged-"));
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** A copy with bytes of the media overwritten: single ones, a run of chance, or a run of zeros. */
function damaged(file: Buffer): Buffer<ArrayBuffer> {
  const copy = Buffer.from(file);
  const from = file.indexOf("mdat", 0, "latin1") + 4;
  const kind = chance.pick(["bytes", "run", "zeros"]);
  if (kind === "bytes") {
    for (let i = 0; i < 200; i++) copy[from + chance.below(file.length - from)] = chance.below(256);
    return copy;
  }
  const start = from + chance.below(file.length - from);
  const end = start + chance.below(file.length - start);
  for (let at = start; at < end; at++) copy[at] = kind === "zeros" ? 0 : chance.below(256);
  return copy;
}

it.each(["h264", "vp9", "av1"] as const)("of %s", async (video) => {
  if (!(await hasEncoder(encoderOf(video)))) {
    console.warn(`SKIPPING damaged ${video}: no encoder ${encoderOf(video)}`);
    return;
  }
  const [file = ""] = await recordNumbered({ folder, name: video, video, segments: 1, seconds: 2, size: "320x192" });
  const whole = await readFile(file);
  const seen = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const stream = `${video}/${round}`;
    const { status } = await server.call(`/mp4/api/segments/${stream}?start=0`, {
      method: "PUT",
      body: damaged(whole),
    });
    expect(status).toBe(201);
    for (const path of [
      `/mp4/snapshot/${stream}.jpg?time=1970-01-01T00:00:00.${String(100 + chance.below(900))}Z`,
      `/mp4/sprite/${stream}.jpg?start=1970-01-01T00:00:00Z&duration=2s&interval=1s`,
    ]) {
      const response = await server.fetch(path);
      const body = Buffer.from(await response.arrayBuffer());
      const name = `seed ${chance.seed}, ${path}`;
      seen.add(response.status);
      if (response.status === 200) expect(sizeOf(body).width, name).toBeGreaterThan(0);
      else
        expect({ status: response.status, error: JSON.parse(body.toString()) as unknown }, name).toMatchObject({
          status: 422,
          error: { error: "picture_failed" },
        });
    }
  }
  console.log(`${video}: ${[...seen].join(", ")}`);
});
