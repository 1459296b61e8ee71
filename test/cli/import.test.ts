import {
  appendFile,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ListedSegment } from "../../src/catalog/types.ts";
import { readConfig } from "../../src/config/config.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { record, type RecordedSegment } from "../support/recording.ts";
import { boxcar, start } from "./boxcar-program.ts";

let recording: RecordedSegment[];
beforeAll(async () => {
  recording = await record({ count: 3, seconds: 2 });
});

const newFolder = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), "boxcar-import-")));

/** Puts files of the recording under names in a folder, last written a minute ago. */
async function lay(folder: string, names: readonly string[]): Promise<void> {
  for (const [i, name] of names.entries()) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(recording[i % recording.length]?.file ?? "", path);
    await age(path);
  }
}

async function age(path: string): Promise<void> {
  const then = Date.now() / 1000 - 60;
  await utimes(path, then, then);
}

/** What a data folder holds: the ready segments of one stream, oldest first, and how many rows are unsettled. */
async function holdings(data: string, streamPath: string): Promise<{ segments: ListedSegment[]; unsettled: number }> {
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: data }));
  try {
    const { segments } = await parts.catalog.list({ streamPath, pageNum: 1, pageSize: 1000 });
    const never = Number.MAX_SAFE_INTEGER;
    const unsettled = await parts.catalog.unsettled.page({ pendingMs: never, tombstoneMs: never }, 0, 1000);
    return { segments: [...segments].reverse(), unsettled: unsettled.length };
  } finally {
    await parts.close();
  }
}

async function objectsIn(data: string): Promise<number> {
  const entries = await readdir(join(data, "media"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== ".boxcar").length;
}

const summary = (stdout: string): string => stdout.trim().split("\n").at(-1) ?? "";

test.each([
  {
    recorder: "MediaMTX",
    pattern: "recordings/%path/%Y-%m-%d_%H-%M-%S-%f.mp4",
    tz: "Europe/Berlin",
    streamPath: "live/cam1",
    names: ["00-000000", "02-000000", "04-250123"].map((time) => `recordings/live/cam1/2026-01-31_11-00-${time}.mp4`),
    starts: ["10:00:00.000", "10:00:02.000", "10:00:04.250"],
  },
  {
    recorder: "Monibuca",
    pattern: "record/%path/%s_%f.mp4",
    tz: "Asia/Shanghai",
    streamPath: "live/cam1",
    names: ["1769853600_000000000", "1769853602_500000000"].map((time) => `record/live/cam1/${time}.mp4`),
    starts: ["10:00:00.000", "10:00:02.500"],
  },
  {
    recorder: "Frigate",
    pattern: "%Y-%m-%d/%H/%path/%M.%S.mp4",
    tz: "UTC",
    streamPath: "front_door",
    names: ["10/front_door/00.00", "10/front_door/00.02", "11/front_door/05.10"].map(
      (name) => `2026-01-31/${name}.mp4`,
    ),
    starts: ["10:00:00.000", "10:00:02.000", "11:05:10.000"],
  },
])("a folder written by $recorder is imported once", async ({ pattern, tz, streamPath, names, starts }) => {
  const [folder, data] = [await newFolder(), await newFolder()];
  await lay(folder, names);
  const args = ["import", folder, "--pattern", pattern, "--tz", tz];
  const first = await boxcar(args, { BOXCAR_DATA: data });
  expect(first, first.stderr).toMatchObject({ code: 0 });
  expect(summary(first.stdout)).toBe(`${names.length} imported, 0 already there, 0 refused`);
  const { segments } = await holdings(data, streamPath);
  expect(segments.map(({ startMs }) => new Date(startMs).toISOString())).toEqual(
    starts.map((time) => `2026-01-31T${time}Z`),
  );
  for (const [i, { key, endMs, startMs }] of segments.entries()) {
    expect(endMs - startMs).toBe(2000);
    expect(await readFile(join(data, "media", key))).toEqual(await readFile(join(folder, names[i] ?? "")));
  }
  const second = await boxcar(args, { BOXCAR_DATA: data });
  expect(second.code).toBe(0);
  expect(summary(second.stdout)).toBe(`0 imported, ${names.length} already there, 0 refused`);
  expect((await holdings(data, streamPath)).segments).toEqual(segments);
});

test("a poison file is reported and skipped, and leaves nothing", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  await lay(folder, ["live/cam1/2026-01-31_10-00-00.mp4", "live/cam1/2026-01-31_10-00-04.mp4", "live/cam1/notes.txt"]);
  const whole = await readFile(recording[0]?.file ?? "");
  const poison = {
    "10-00-02": Buffer.from("no video at all"),
    "10-00-03": whole.subarray(0, whole.length >> 1),
    "10-00-05": Buffer.alloc(0),
  };
  for (const [time, bytes] of Object.entries(poison)) {
    const path = join(folder, `live/cam1/2026-01-31_${time}.mp4`);
    await writeFile(path, bytes);
    await age(path);
  }
  const args = ["import", folder, "--pattern", "live/cam1/%Y-%m-%d_%H-%M-%S.mp4"];
  for (const inPlace of [[], ["--in-place"]]) {
    const own = join(data, inPlace.join());
    const { code, stdout, stderr } = await boxcar([...args, ...inPlace], { BOXCAR_DATA: own });
    expect(summary(stdout)).toBe("2 imported, 0 already there, 3 refused, 1 not of the pattern");
    expect(code).toBe(1);
    for (const time of Object.keys(poison))
      expect(stderr).toMatch(new RegExp(`refused live/cam1/2026-01-31_${time}.mp4: \\w+: .+`));
    const { segments, unsettled } = await holdings(own, "live/cam1");
    expect({ segments: segments.length, unsettled, objects: await objectsIn(own) }).toEqual({
      segments: 2,
      unsettled: 0,
      objects: inPlace.length === 0 ? 2 : 0,
    });
  }
});

test("--in-place reads files where they lie and never changes them", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  const names = ["cam/1769853600.mp4", "cam/1769853602.mp4"];
  await lay(folder, names);
  const args = ["import", folder, "--in-place", "--pattern", "%path/%s.mp4"];
  const first = await boxcar(args, { BOXCAR_DATA: data });
  expect(first, first.stderr).toMatchObject({ code: 0 });
  const { segments } = await holdings(data, "cam");
  expect(segments).toHaveLength(2);
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: data }));
  try {
    for (const [i, { id, key, size }] of segments.entries()) {
      const etag = (await parts.catalog.segment(id))?.etag;
      const chunks: Buffer[] = [];
      for await (const chunk of parts.store.get(key, { offset: 0, length: size }, etag))
        chunks.push(Buffer.from(chunk));
      expect(Buffer.concat(chunks)).toEqual(await readFile(join(folder, names[i] ?? "")));
      await expect(parts.store.delete(key)).rejects.toMatchObject({ code: "place_read_only" });
    }
  } finally {
    await parts.close();
  }
  expect(summary((await boxcar(args, { BOXCAR_DATA: data })).stdout)).toBe("0 imported, 2 already there, 0 refused");
});

test("a file that was imported under another name is told of as the same once more", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  await lay(folder, ["cam/1769853600.mp4", "cam/1769853602.mp4"]);
  await link(join(folder, "cam/1769853600.mp4"), join(folder, "cam/01769853600.mp4"));
  const { code, stderr } = await boxcar(["import", folder, "--in-place", "--pattern", "%path/%s.mp4"], {
    BOXCAR_DATA: data,
  });
  expect(code).toBe(0);
  expect(stderr.match(/segment \d+ starts at the same moment and is as large/g)).toHaveLength(2);
});

test("--dry-run says what the pattern reads and imports nothing", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  await lay(folder, ["cam/1769853600.mp4", "cam/other.mp4"]);
  const { code, stdout } = await boxcar(["import", folder, "--dry-run", "--pattern", "%path/%s.mp4"], {
    BOXCAR_DATA: data,
  });
  expect(code).toBe(0);
  expect(stdout).toBe(
    "cam/1769853600.mp4: cam 2026-01-31T10:00:00.000Z\ncam/other.mp4: not of the pattern\n1 match, 1 do not\n",
  );
  expect(await readdir(data)).toEqual([]);
});

test("a pattern that matches nothing is an error that shows a file", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  await lay(folder, ["cam/other.mp4"]);
  const { code, stderr } = await boxcar(["import", folder, "--pattern", "%path/%s.mp4"], { BOXCAR_DATA: data });
  expect(code).toBe(1);
  expect(stderr).toContain("no file matches %path/%s.mp4; cam/other.mp4 for example does not");
});

test("a file that is still being written is left for the next time", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  const path = join(folder, "cam/1769853600.mp4");
  await lay(folder, ["cam/1769853600.mp4"]);
  const whole = await readFile(path);
  const writer = setInterval(() => void appendFile(path, "more"), 100);
  const args = ["import", folder, "--pattern", "%path/%s.mp4"];
  try {
    await appendFile(path, "more");
    const { code, stderr } = await boxcar(args, { BOXCAR_DATA: data });
    expect(code).toBe(1);
    expect(stderr).toContain("file_changing");
  } finally {
    clearInterval(writer);
  }
  expect(await holdings(data, "cam")).toEqual({ segments: [], unsettled: 0 });
  await rm(path);
  await writeFile(path, whole);
  expect(summary((await boxcar(args, { BOXCAR_DATA: data })).stdout)).toBe("1 imported, 0 already there, 0 refused");
});

test("Ctrl-C ends an import cleanly, and the next one goes on", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  const count = 300;
  await lay(folder, ["cam/1769853600.mp4"]);
  for (let i = 1; i < count; i++)
    await link(join(folder, "cam/1769853600.mp4"), join(folder, `cam/${1769853600 + 2 * i}.mp4`));
  const args = ["import", folder, "--pattern", "%path/%s.mp4"];
  const running = start(args, { BOXCAR_DATA: data });
  await running.line(`5/${count} `);
  running.interrupt();
  const first = await running.finished;
  expect(first.code).toBe(130);
  const done = Number(/^(\d+) imported/m.exec(first.stdout)?.[1]);
  expect(done).toBeGreaterThanOrEqual(5);
  expect(done).toBeLessThan(count);
  const { segments, unsettled } = await holdings(data, "cam");
  expect({ segments: segments.length, unsettled, objects: await objectsIn(data) }).toEqual({
    segments: done,
    unsettled: 0,
    objects: done,
  });
  const second = await boxcar(args, { BOXCAR_DATA: data });
  expect(second.code).toBe(0);
  expect(summary(second.stdout)).toBe(`${count - done} imported, ${done} already there, 0 refused`);
});

test("--in-place goes on where it was killed amid many files, past bad ones that it names", async () => {
  const [folder, data] = [await newFolder(), await newFolder()];
  const count = 700;
  const at = (i: number): string => join(folder, `cam/${String(1769853600 + 2 * i)}.mp4`);
  await lay(folder, ["cam/1769853600.mp4"]);
  for (let i = 1; i < count; i++) await (i % 100 === 50 ? writeFile(at(i), "no video") : link(at(0), at(i)));
  await Promise.all(Array.from({ length: count }, (_, i) => age(at(i))));
  const args = ["import", folder, "--in-place", "--pattern", "%path/%s.mp4"];
  const running = start(args, { BOXCAR_DATA: data });
  await running.line(`1/${count} `);
  running.kill();
  expect((await running.finished).code).toBeNull();
  const killed = await holdings(data, "cam");
  expect(killed.unsettled).toBe(0);
  expect(killed.segments.length).toBeGreaterThan(0);
  expect(killed.segments.length).toBeLessThan(count);

  const { code, stdout, stderr } = await boxcar(args, { BOXCAR_DATA: data });
  const [bad, done] = [7, killed.segments.length];
  expect(code).toBe(1);
  expect(summary(stdout)).toBe(`${count - bad - done} imported, ${done} already there, ${bad} refused`);
  for (let i = 50; i < count; i += 100)
    expect(stderr).toContain(`refused cam/${String(1769853600 + 2 * i)}.mp4: not_mp4`);
  expect(stderr).toContain(`${count}/${count} imported cam/${String(1769853600 + 2 * (count - 1))}.mp4: cam `);
  const { segments, unsettled } = await holdings(data, "cam");
  expect({ segments: segments.length, unsettled, objects: await objectsIn(data) }).toEqual({
    ...{ segments: count - bad, unsettled: 0, objects: 0 },
  });
});

test("names of an hour that clocks showed twice are told apart by the last write, or by the order of names", async () => {
  const night = (...names: string[]): string[] => names.map((name) => `cam1/2025-10-26_02-30-${name}.mp4`);
  const names = night("00-000000", "00-500000", "02-000000", "02-500000");
  const starts = async (written: (i: number) => number): Promise<{ starts: number[]; out: string }> => {
    const folder = await newFolder();
    await lay(folder, names);
    for (const [i, name] of names.entries()) await utimes(join(folder, name), written(i), written(i));
    const data = await newFolder();
    const zone = ["--tz", "Europe/Berlin"];
    const args = ["import", folder, "--pattern", "%path/%Y-%m-%d_%H-%M-%S-%f.mp4", ...zone];
    const { stderr } = await boxcar(args, { BOXCAR_DATA: data });
    return { starts: (await holdings(data, "cam1")).segments.map(({ startMs }) => startMs), out: stderr };
  };
  const first = Date.UTC(2025, 9, 26, 0, 30);
  const again = Date.UTC(2025, 9, 26, 1, 30);
  const right = [first, first + 2000, again + 500, again + 2500];
  const last = await starts((i) => (i % 2 === 0 ? first : again) / 1000 + 2 * Math.floor(i / 2) + 2);
  expect(last.starts).toEqual(right);
  expect(last.out).not.toContain("clocks were set back");
  // copied since: last written a year later, all alike
  const copied = await starts(() => first / 1000 + 31_536_000);
  expect(copied.starts).toEqual(right);
  expect(copied.out).toContain("clocks were set back");
});
