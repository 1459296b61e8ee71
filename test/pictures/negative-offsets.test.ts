import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { FPS, recordNumbered } from "../browser/numbered-recording.ts";
import { ffmpeg } from "../support/tools.ts";
import { greyOf, numberIn } from "./numbers.ts";

/** Cameras of phones and CMAF packagers write composition offsets below 0: pictures are decoded after they are shown. */
const START = Date.UTC(2026, 0, 31, 10);
let folder: string;
let server: TestServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-negative-"));
  server = await startTestServer({ BOXCAR_DECODERS: "8" });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

it.each(["", "+frag_keyframe+empty_moov+default_base_moof"])(
  "every moment has its picture (negative_cts_offsets%s)",
  async (more) => {
    const stream = `live/negative${more.length}`;
    const [plain = ""] = await recordNumbered({ folder, name: `plain${more.length}`, segments: 1, seconds: 2 });
    const file = join(folder, `negative${more.length}.mp4`);
    const flags = `negative_cts_offsets${more}`;
    await ffmpeg(["-v", "error", "-y", "-i", plain, "-c", "copy", "-movflags", flags, file]);
    const init = { method: "PUT", body: await readFile(file) };
    expect((await server.call(`/mp4/api/segments/${stream}?start=${START}`, init)).status).toBe(201);
    const seen: number[] = [];
    const frames = Array.from({ length: 14 }, (_, i) => FPS - 7 + i);
    for (const frame of frames) {
      const at = START + frame * (1000 / FPS) + 20;
      const answer = await server.fetch(`/mp4/snapshot/${stream}.png?time=${at}`);
      expect(answer.status, `picture ${frame}`).toBe(200);
      seen.push(numberIn(await greyOf(new Uint8Array(await answer.arrayBuffer()))));
    }
    expect(seen).toEqual(frames);
  },
  60_000,
);
