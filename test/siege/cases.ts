/** What hostile clients do. Each case is bounded in count and time, and decided by the seed alone. */
import { head, rawClient, type RawClient } from "../runtimes/raw-client.ts";
import { buildMovie, videoEntry } from "../support/movie.ts";
import type { Random } from "../support/random.ts";
import { callsOf } from "./calls.ts";

/** What a case works on. */
export interface Field {
  readonly url: string;
  /** Path of a download of many MB. */
  readonly large: string;
  readonly chance: Random;
  /** How much of everything: 1 in the long form. */
  readonly scale: number;
}

/** One kind of hostile client. Resolves when it has done its worst and is gone. */
export interface Case {
  readonly name: string;
  readonly run: (field: Field) => Promise<void>;
}

/** An address of a guest. */
const from = (chance: Random): Record<string, string> => ({
  authorization: "",
  "x-forwarded-for": `198.51.100.${String(chance.below(8))}`,
});

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A head without credentials. */
function guestHead(method: string, path: string, fields: Record<string, string>): string {
  return head(method, path, fields).replace(/authorization: \r\n/, "");
}

const many = (most: number, scale: number): number => Math.max(4, Math.round(most * scale));

async function all(count: number, one: (i: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => one(i)));
}

const leave = (client: RawClient): void => {
  client.socket.destroy();
};

/** The case of a thousand downloads at once. */
export const SLOW_READERS = "readers that do not read";

/** The cases, in the order in which they are tried. */
export const cases: readonly Case[] = [
  {
    name: "pipelined downloads, then gone",
    run: ({ url, large, chance, scale }) =>
      all(many(20, scale), async () => {
        const client = await rawClient(url, false);
        await client.write(guestHead("GET", large, from(chance)).repeat(600));
        await wait(1000);
        leave(client);
      }),
  },
  {
    name: SLOW_READERS,
    run: ({ url, large, chance, scale }) =>
      all(many(1000, scale), async () => {
        const client = await rawClient(url, false);
        await client.write(guestHead("GET", large, from(chance)));
        await wait(5000 * Math.max(scale, 0.4));
        leave(client);
      }),
  },
  {
    name: "writers of a byte now and then",
    run: ({ url, chance, scale }) =>
      all(many(300, scale), async () => {
        const client = await rawClient(url);
        const path = `/mp4/api/segments/hostile?start=${String(chance.below(1e9))}`;
        await client.write(guestHead("PUT", path, { ...from(chance), "content-length": "100000" }));
        for (let i = 0; i < 40 * Math.max(scale, 0.4); i++) {
          await client.write("\0");
          await wait(100);
        }
        leave(client);
      }),
  },
  {
    name: "requests broken off at every stage",
    run: async ({ url, large, chance, scale }) => {
      const { file } = absurdMovie(chance);
      for (let round = 0; round < many(40, scale); round++)
        await all(10, async () => {
          const put = guestHead("PUT", "/mp4/api/segments/hostile?start=1", {
            ...from(chance),
            "content-length": String(file.length),
          });
          const text = Buffer.concat([Buffer.from(chance.pick([put, guestHead("GET", large, from(chance))])), file]);
          const client = await rawClient(url, chance.below(2) === 0);
          await client.write(text.subarray(0, 1 + chance.below(text.length)));
          await wait(chance.below(40));
          if (chance.below(2) === 0) leave(client);
          else client.socket.resetAndDestroy();
        });
    },
  },
  {
    name: "absurd but valid files",
    run: async ({ url, chance, scale }) => {
      for (let i = 0; i < many(60, scale); i++) {
        const body = absurdMovie(chance).file;
        const start = chance.pick(["", `?start=${String(chance.below(1e9))}`]);
        const path = `/mp4/api/segments/absurd${start}`;
        const asked = ["mp4", "fmp4"].map(
          (format) => `/mp4/download/absurd.${format}?start=0&duration=720h&captions=clock`,
        );
        await fetch(url + path, { method: "PUT", body, headers: from(chance) }).then(drained, ignored);
        for (const get of [
          ...asked,
          "/mp4/api/timeline/absurd?start=0&duration=720h",
          "/mp4/sprite/absurd.vtt?start=0&duration=720h",
        ])
          await fetch(url + get, { method: "HEAD", headers: from(chance) }).then(drained, ignored);
      }
    },
  },
  {
    name: "floods of each call",
    run: async ({ url, large, chance, scale }) => {
      const flood = (method: string, target: string): Promise<void> =>
        all(many(200, scale), async () => {
          const client = await rawClient(url);
          const asked = method === "GET" ? chance.pick(["GET", "HEAD"]) : method;
          const body = asked === method && method !== "GET" ? chance.pick(["", "{}", "[1]", "a=b"]) : "";
          const fields = { ...from(chance), range: "bytes=0-99", "content-length": String(body.length) };
          await client.write(guestHead(asked, target, fields) + body);
          await wait(chance.below(300 * scale));
          leave(client);
        });
      await flood("GET", large);
      for (const { method, target } of await callsOf(url, "polite")) await flood(method, target);
    },
  },
];

const drained = async (response: Response): Promise<void> => {
  await response.arrayBuffer();
};
const ignored = (): void => undefined;

/** A small file that is valid, and unlike any that a recorder writes. */
function absurdMovie(chance: Random): ReturnType<typeof buildMovie> {
  const duration = chance.pick([0, 1, 40, 1e6, 0x7fff_ffff]);
  const samples = Array.from({ length: 1 + chance.below(40) }, () => ({
    data: chance.bytes(1 + chance.below(100)),
    duration: chance.below(8) === 0 ? chance.pick([0, 1, 0x7fff_ffff]) : duration,
    offset: chance.pick([0, 0, 1, -1, 1e9, -1e9]),
    sync: chance.below(3) > 0,
  }));
  const timescale = chance.pick([1, 10, 1000, 90_000, 0xffff_ffff]);
  const entries = [videoEntry("mp4v", chance.pick([1, 640, 65_535]), chance.pick([1, 480, 65_535]))];
  return buildMovie({
    tracks: Array.from({ length: 1 + chance.below(3) }, () => ({
      handler: "vide" as const,
      timescale,
      entries,
      samples,
    })),
    timescale: chance.pick([1, 1000, 0xffff_ffff]),
    moov: chance.pick(["first", "last"]),
    ...(chance.below(2) === 0 ? {} : { creationTime: BigInt(chance.pick([0, 1, 3e9, 2 ** 52])) }),
  });
}
