import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RecordedPage } from "../../src/catalog/recorded-hours.ts";
import { record, RECORDED_AT } from "../support/recording.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const COUNT = 6;
const range = (from: number, to: number): string =>
  `start=${String(RECORDED_AT + from * 2000)}&end=${String(RECORDED_AT + to * 2000)}`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_TIMELINE_SEGMENTS: "4", BOXCAR_DOWNLOAD_SEGMENTS: "2" });
  for (const [i, { file }] of (await record({ count: COUNT, seconds: 2 })).entries()) {
    const init = { method: "PUT", body: await readFile(file) };
    const { status } = await server.call(`/mp4/api/segments/live/cam?start=${String(RECORDED_AT + i * 2000)}`, init);
    expect(status).toBe(201);
  }
});
afterAll(() => server.close());

/** The server's catalog, but for what it says is recorded. */
function catalogWith(recorded: (...asked: unknown[]) => AsyncGenerator<RecordedPage>): typeof server.parts.catalog {
  const { catalog } = server.parts;
  return new Proxy(catalog, {
    get: (_, name) => {
      if (name === "recorded") return recorded;
      const value: unknown = Reflect.get(catalog, name);
      return typeof value === "function" ? (value.bind(catalog) as unknown) : value;
    },
  });
}

describe("a range", () => {
  it.each([
    ["/mp4/api/timeline/live/cam", 4],
    ["/mp4/sprite/live/cam.vtt", 4],
    ["/mp4/download/live/cam.mp4", 2],
    ["/mp4/download/live/cam.fmp4", 2],
  ])("of %s may have so many segments: %d", async (path, most) => {
    expect((await server.fetch(`${path}?${range(0, most)}`)).status).toBe(200);
    const { status, json } = await server.call(`${path}?${range(0, most + 1)}`);
    expect({ status, error: json.error, most: json.mostSegments }).toEqual({
      ...{ status: 400, error: "range_too_large", most },
    });
  });
});

describe("a client that leaves", () => {
  it.each(["/mp4/api/timeline/live/cam", "/mp4/download/live/cam.mp4", "/mp4/sprite/live/cam.vtt"])(
    "ends the work for %s",
    async (path) => {
      const [segment] = await server.parts.catalog.readyAfter(0, 1);
      let pages = 0;
      let ended = false;
      /** A recording without an end. */
      async function* recorded(): AsyncGenerator<RecordedPage> {
        try {
          for (; pages < 5000; pages++) {
            const segments = Array.from({ length: 64 }, (_, i) => {
              const startMs = RECORDED_AT + (pages * 64 + i) * 2000;
              return { ...segment, startMs, endMs: startMs + 2000 } as NonNullable<typeof segment>;
            });
            yield { segments, version: "" };
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        } finally {
          ended = true;
        }
      }
      const endless = await startTestServer({}, { catalog: catalogWith(recorded) });
      const leaving = new AbortController();
      const answer = endless.fetch(`${path}?start=0&end=9999999999`, { signal: leaving.signal });
      answer.catch(() => undefined);
      const until = async (isTrue: () => boolean): Promise<void> => {
        for (let i = 0; i < 2000 && !isTrue(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      await until(() => pages > 3);
      expect([pages > 3, ended]).toEqual([true, false]);
      leaving.abort();
      await expect(answer).rejects.toThrow();
      await until(() => ended);
      expect([ended, pages < 5000]).toEqual([true, true]);
      await endless.close();
    },
  );
});

it("playlists of many media segments are made few at a time, and wait before anything is read for them", async () => {
  const asked: unknown[] = [];
  const gone = new AbortController();
  // eslint-disable-next-line require-yield -- what is being read is not read to its end
  async function* recorded(_: unknown, startMs: unknown): AsyncGenerator<RecordedPage> {
    asked.push(startMs);
    await new Promise((resolve) => {
      gone.signal.addEventListener("abort", resolve);
    });
  }
  const slow = await startTestServer({ BOXCAR_PLANNERS: "1" }, { catalog: catalogWith(recorded) });
  const ask = (hours: number, length: number): void => {
    const query = `start=${String(RECORDED_AT)}&duration=${String(hours)}h&segment=${String(length)}s`;
    slow.fetch(`/mp4/hls/live/cam/v.m3u8?${query}`, { signal: gone.signal }).catch(() => undefined);
  };
  try {
    for (const [hours, length, so] of [
      [24, 2, 1],
      [24, 2, 1], // waits
      [24, 6, 2],
      [25, 2, 2], // waits
      [1, 2, 3],
    ] as const) {
      ask(hours, length);
      await vi.waitFor(() => {
        expect(asked).toHaveLength(so);
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(asked).toHaveLength(so);
    }
  } finally {
    gone.abort();
    await slow.close();
  }
});

it("lists are made for few at a time and for fewer of one client, and for nobody who has gone", async () => {
  const { catalog: real } = server.parts;
  const asked: string[] = [];
  const ends: (() => void)[] = [];
  const catalog = new Proxy(real, {
    get: (_, name) => {
      if (name === "list")
        return async ({ streamPath }: { streamPath: string }) => {
          asked.push(streamPath);
          await new Promise<void>((resolve) => ends.push(resolve));
          return { total: 0, segments: [] };
        };
      const value: unknown = Reflect.get(real, name);
      return typeof value === "function" ? (value.bind(real) as unknown) : value;
    },
  });
  const env = { BOXCAR_TOKEN: "0123456789-abcdefgh", BOXCAR_GUESTS: "read", BOXCAR_TRUSTED_PROXIES: "127.0.0.1" };
  const guarded = await startTestServer(env, { catalog });
  const list = (client: string, stream: string, signal?: AbortSignal): Promise<Response> =>
    guarded.fetch(`/mp4/api/list/${stream}`, { headers: { "x-forwarded-for": client }, signal: signal ?? null });
  const until = (isTrue: () => boolean): Promise<void> => vi.waitFor(() => expect(isTrue()).toBe(true), 5000);
  const leaving = new AbortController();
  const OF_CLIENT = 16;
  const first = Array.from({ length: OF_CLIENT }, (_, i) => `a${i}`);
  const greedy = first.map((stream) => list("198.51.100.1", stream));
  await until(() => asked.length === OF_CLIENT);
  const gone = list("198.51.100.1", "gone", leaving.signal);
  gone.catch(() => undefined);
  greedy.push(list("198.51.100.1", "later"));
  const other = list("198.51.100.2", "b1");
  await until(() => asked.length === OF_CLIENT + 1);
  expect([...asked].sort()).toEqual([...first, "b1"].sort());
  leaving.abort();
  await expect(gone).rejects.toThrow();
  await until(() => guarded.lines.some(({ fields }) => fields?.status === 499));
  ends[0]?.();
  await until(() => asked.length === OF_CLIENT + 2);
  expect(asked.at(-1)).toBe("later");
  for (const end of ends) end();
  for (const { status } of await Promise.all([...greedy, other])) expect(status).toBe(200);
  await guarded.close();
});
