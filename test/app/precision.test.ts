import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FilePattern } from "../../src/cli/file-pattern.ts";
import { packets } from "../support/oracle.ts";
import { record, RECORDED_AT, type RecordedSegment } from "../support/recording.ts";
import { ffprobePath } from "../support/tools.ts";
import { remuxed } from "../plan/output.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
/** Files of 3.96 s, of a recording begun 300 ms after the full second. */
let segments: RecordedSegment[] = [];
beforeAll(async () => {
  server = await startTestServer();
  segments = await record({ count: 6, seconds: 3.96, gop: 0.99, fps: 100, bframes: 0 });
});
afterAll(() => server.close());

const startOf = (i: number): number => Math.floor((RECORDED_AT + 300 + i * 3960) / 1000);

describe.skipIf(ffprobePath === undefined)("starts of whole seconds", () => {
  const stating = (file: string, seconds: number): Promise<string> =>
    remuxed(file, "-metadata", `creation_time=${new Date(seconds * 1000).toISOString()}`);

  it.each([
    ["seconds since 1970", (seconds: number) => `start=${seconds}`],
    ["precision=1s", (seconds: number) => `start=${new Date(seconds * 1000).toISOString()}&precision=1s`],
    ["what the files state", () => ""],
  ])("by %s lose no picture and show no gap", async (name, times) => {
    const stream = `live/${name.replaceAll(/\W/g, "")}`;
    for (const i of [3, 0, 1, 5, 4, 2]) {
      const { file = "" } = segments[i] ?? {};
      const body = await readFile(times(0) === "" ? await stating(file, startOf(i)) : file);
      const path = `/mp4/api/segments/${stream}?${times(startOf(i))}`;
      expect((await server.call(path, { method: "PUT", body })).status).toBe(201);
    }
    const range = `start=${startOf(0)}&duration=1m`;
    const { json } = await server.call(`/mp4/api/timeline/${stream}?${range}`);
    expect(json.data).toMatchObject({ segments: 6, joints: 5, gaps: [] });
    expect((json.data as { coverage: unknown[] }).coverage).toHaveLength(1);
    const list = (await server.call(`/mp4/api/list/${stream}`)).json.data as { startTime: string; endTime: string }[];
    for (const [i, { startTime }] of list.entries()) if (i < 5) expect(list[i + 1]?.endTime).toBe(startTime);
    const file = join(server.folder, "out.mp4");
    const media = await server.fetch(`/mp4/download/${stream}.mp4?${range}`);
    await writeFile(file, new Uint8Array(await media.arrayBuffer()));
    const video = (await packets(file)).find(({ type }) => type === "video")?.packets ?? [];
    expect(video).toHaveLength(6 * 396);
  });

  it("are told from a pattern", () => {
    const precision = (pattern: string, path: string): number | undefined =>
      new FilePattern(pattern, { zone: "UTC" }).match(path)?.precisionMs;
    expect(precision("%Y-%m-%d/%H/%path/%M.%S.mp4", "2026-01-31/10/cam/05.09.mp4")).toBe(1000);
    expect(precision("%path/%s.mp4", "cam/1769853600.mp4")).toBe(1000);
    expect(precision("%path/%s.mp4", "cam/1769853600123.mp4")).toBe(0);
    expect(precision("%path/%Y-%m-%d_%H-%M-%S-%f.mp4", "cam/2026-01-31_10-00-00-123456.mp4")).toBe(0);
    expect(precision("%path/%Y-%m-%d_%H-%M-%S-%f.mp4", "cam/2026-01-31_10-00-00-1.mp4")).toBe(100);
    expect(precision("%path/%Y-%m-%d_%H-%M.mp4", "cam/2026-01-31_10-00.mp4")).toBe(60_000);
  });

  it("that a file states are exact where the request says so", async () => {
    for (const i of [0, 1]) {
      const body = await readFile(await stating(segments[i]?.file ?? "", startOf(i)));
      const { json } = await server.call("/mp4/api/segments/live/exact?precision=0", { method: "PUT", body });
      expect(json.data).toMatchObject({ startSource: "mvhd", startTime: new Date(startOf(i) * 1000).toISOString() });
    }
  });

  it("refuse a precision of more than a minute", async () => {
    const { status, json } = await server.call("/mp4/api/segments/live/x?start=1769853600&precision=2m", {
      method: "PUT",
      body: "x",
    });
    expect([status, json.error]).toEqual([400, "bad_duration"]);
  });
});
