import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { BoxcarError } from "../../src/base/errors.ts";
import type { PictureShape } from "../../src/base/ports.ts";
import { pictureDecoder } from "../../src/runtime/ffmpeg/picture-decoder.ts";
import { runBounded } from "../../src/runtime/ffmpeg/run-bounded.ts";
import { startTestServer, type TestServer } from "../app/test-server.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";
import { isRunning } from "../support/processes.ts";
import { ffmpeg } from "../support/tools.ts";

/** What decoding does when the program or the file is hostile. */
const shape: PictureShape = { width: 0, height: 0, format: "png", rotation: "auto" };
const log = (): void => undefined;
const roomy = { timeMs: 10_000, memory: 1 << 30, outputBytes: 1 << 20 };

let folder: string;
let video: Buffer<ArrayBuffer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-decoder-"));
  const [file = ""] = await recordNumbered({ folder, name: "v", segments: 1, seconds: 1 });
  video = await readFile(file);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A program that stands in for ffmpeg. */
async function fake(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\ncase "$1" in -version) exit 0;; esac\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function refusalOf(promise: Promise<unknown>): Promise<BoxcarError> {
  const error: unknown = await promise.catch((cause: unknown) => cause);
  if (!(error instanceof BoxcarError)) throw new Error(`no refusal: ${String(error)}`);
  return error;
}

describe("a decoder that", () => {
  const decode = async (script: string, options: { timeLimitMs?: number } = {}): Promise<BoxcarError> => {
    vi.stubEnv("FFMPEG_PATH", await fake(`fake-${script.length}`, script));
    const decoder = pictureDecoder({ memory: 1 << 30, log, ...options });
    return refusalOf(decoder.still(once(video), shape));
  };

  it("hangs is killed in time, with its children", async () => {
    const mark = `31.${process.pid}`;
    const { code } = await decode(`sleep ${mark} & sleep ${mark}`, { timeLimitMs: 300 });
    expect(code).toBe("picture_timeout");
    expect(await isRunning(`sleep\0${mark}`)).toBe(false);
  });

  it("ends but leaves a child with its pipes takes the child along", async () => {
    const mark = `32.${process.pid}`;
    const { code } = await decode(`sleep ${mark} & exit 1`);
    expect(code).toBe("picture_failed");
    expect(await isRunning(`sleep\0${mark}`)).toBe(false);
  });

  it.each([
    ["crashes", "kill -SEGV $$"],
    ["fails", "exit 3"],
    ["says nothing", "cat > /dev/null"],
    ["floods its output", "cat /dev/zero"],
    ["floods its output and then ends well", "head -c 40000000 /dev/zero"],
    ["does not read", "exit 0"],
  ])("%s is a refusal", async (_, script) => {
    const { code } = await decode(script);
    expect(code).toBe("picture_failed");
  });

  it("floods its error output is not listened to", async () => {
    const path = await fake("complainer", "head -c 20000000 /dev/zero | tr '\\0' x >&2; exit 1");
    const { outcome, complaints } = await runBounded(path, [], once(video), roomy);
    expect(outcome).toBe("failed");
    expect(complaints).toHaveLength(2000);
  });

  it("needs more memory than allowed gets none", async () => {
    // tail keeps a line until it ends, and this one never does
    const path = await fake("grows", "exec tail -n 1 /dev/zero");
    const { outcome, complaints } = await runBounded(path, [], once(video), { ...roomy, memory: 1 << 27 });
    expect(outcome).toBe("failed");
    expect(complaints).toContain("memory");
  });

  it("sees nothing of the environment but PATH", async () => {
    vi.stubEnv("BOXCAR_TOKEN", "0123456789-abcdefgh");
    const path = await fake("env", "env");
    const { output } = await runBounded(path, [], once(video), roomy);
    const names = Buffer.from(output)
      .toString()
      .split("\n")
      .flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(names).toContain("PATH");
    for (const name of names) expect(["PATH", "LD_LIBRARY_PATH", "PWD", "OLDPWD", "SHLVL", "_"]).toContain(name);
  });

  it("is fed by something that fails is killed, and the failure is told", async () => {
    const path = await fake("waits", `sleep 33.${process.pid}`);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(video);
      throw new BoxcarError("object_changed", "changed");
    }
    expect((await refusalOf(runBounded(path, [], failing(), roomy))).code).toBe("object_changed");
    expect(await isRunning(`sleep\u000033.${process.pid}`)).toBe(false);
  });

  it("is missing is said", async () => {
    vi.stubEnv("FFMPEG_PATH", "/nowhere");
    vi.doMock("@ffmpeg-installer/ffmpeg", () => {
      throw new Error("no build");
    });
    vi.stubEnv("PATH", "/nowhere");
    const decoder = pictureDecoder({ memory: 1 << 30, log });
    expect((await refusalOf(decoder.still(once(video), shape))).code).toBe("ffmpeg_missing");
    vi.doUnmock("@ffmpeg-installer/ffmpeg");
  });
});

describe("ffmpeg", () => {
  const decoder = pictureDecoder({ memory: 1 << 30, log });

  it("decodes what it is piped", async () => {
    const png = await decoder.still(once(video), shape);
    expect(Buffer.from(png.subarray(1, 4)).toString()).toBe("PNG");
  });

  it("takes no other format, so that no list or script can make it open files", async () => {
    const jpeg = await decoder.still(once(video), { ...shape, format: "jpg" });
    const list = `ffconcat version 1.0\nfile '${join(folder, "v-0.mp4")}'\n`;
    const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://${join(folder, "v-0.mp4")}\n#EXT-X-ENDLIST\n`;
    for (const bytes of [jpeg, Buffer.from(list), Buffer.from(playlist), new Uint8Array(0), new Uint8Array(100_000)])
      expect((await refusalOf(decoder.still(once(bytes), shape))).code).toBe("picture_failed");
  });

  it("decodes no codec that recordings do not have", async () => {
    const file = join(folder, "gif.mov");
    await ffmpeg(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=d=1", "-c:v", "qtrle", file]);
    expect((await refusalOf(decoder.still(once(await readFile(file)), shape))).code).toBe("picture_failed");
  });

  it("decodes 4K within its memory", async () => {
    const file = join(folder, "4k.mp4");
    const source = ["-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=5", "-frames:v", "2"];
    await ffmpeg([
      "-v",
      "error",
      "-y",
      ...source,
      "-c:v",
      "libx264",
      "-preset",
      "veryfast",
      "-refs",
      "5",
      "-movflags",
      "+faststart",
      file,
    ]);
    const jpeg = await decoder.still(once(await readFile(file)), { ...shape, format: "jpg" });
    expect(jpeg.length).toBeGreaterThan(10_000);
  });
});

describe("the server", () => {
  let server: TestServer;
  afterEach(() => server.close());

  it("runs no more decoders at once than it may; who leaves the queue is not decoded for", async () => {
    vi.stubEnv("FFMPEG_PATH", await fake("slow", `exec sleep 34.${process.pid}`));
    server = await startTestServer({ BOXCAR_DECODERS: "2" });
    await server.fetch("/mp4/api/segments/a?start=0", { method: "PUT", body: video });
    const waiting = [0, 200].map((ms) =>
      server
        .fetch(`/mp4/snapshot/a.jpg?time=1970-01-01T00:00:00.${String(ms).padStart(3, "0")}Z`)
        .catch(() => undefined),
    );
    const running = (): number =>
      Number(
        execFileSync("/bin/sh", ["-c", `grep -lsa "^sleep.34.${process.pid}" /proc/[0-9]*/cmdline | wc -l`]).toString(),
      );
    for (let i = 0; i < 500 && running() < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    const third = server.fetch("/mp4/snapshot/a.jpg?time=1970-01-01T00:00:00.400Z", {
      signal: AbortSignal.timeout(300),
    });
    expect(await third.catch(() => "left")).toBe("left");
    expect(running()).toBe(2);
    execFileSync("/bin/sh", ["-c", `kill $(grep -lsa "^sleep.34.${process.pid}" /proc/[0-9]*/cmdline | cut -d/ -f3)`]);
    expect((await Promise.all(waiting)).map((answer) => answer?.status)).toEqual([422, 422]);
    expect(running()).toBe(0);
  });

  it("says so where there is no decoder", async () => {
    server = await startTestServer({}, { decoder: undefined });
    await server.fetch("/mp4/api/segments/a?start=0", { method: "PUT", body: video });
    const { status, json } = await server.call("/mp4/snapshot/a.jpg");
    expect({ status, error: json.error }).toEqual({ status: 501, error: "not_available" });
    expect((await server.call("/healthz")).json.data).toMatchObject({ capabilities: { pictures: false } });
  });
});
