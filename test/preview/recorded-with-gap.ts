/** A server with a recording of numbered pictures, `live/cam`: 8 s, 4 s of nothing, 4 s. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";

export const START = Date.UTC(2026, 0, 31, 10, 0, 0);

export interface RecordedWithGap {
  readonly server: RunningServer;
  /** Has the segments as `cam-0.mp4` to `cam-2.mp4`. */
  readonly folder: string;
  readonly close: () => Promise<void>;
}

export async function recordedWithGap(): Promise<RecordedWithGap> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-preview-"));
  const server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  const files = await recordNumbered({ folder, name: "cam", segments: 3, seconds: 4 });
  for (const [i, file] of files.entries()) {
    const at = START + (i < 2 ? i * 4 : 12) * 1000;
    const url = `${server.url}/mp4/api/segments/live/cam?start=${String(at)}`;
    expect((await fetch(url, { method: "PUT", body: await readFile(file) })).status).toBe(201);
  }
  const close = async (): Promise<void> => {
    await server.close();
    await rm(folder, { recursive: true });
  };
  return { server, folder, close };
}

/** The attributes of a `<boxcar-player>` that shows all of it, from picture 50 on. */
export const ATTRIBUTES: Readonly<Record<string, string>> = {
  stream: "live/cam",
  start: new Date(START).toISOString(),
  end: String(START + 16_000),
  t: String(START + 2020),
};
