/** Indexes that are built, and asked, in a thread. */
import { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { indexObject, type Core, type IndexedSegment } from "../../src/core/index.ts";
import { indexAside } from "../../src/runtime/node/index-aside.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { readSummary } from "../../src/core/wasm/records/summary.ts";
import type { ByteSpan } from "../../src/base/ports.ts";
import type { AskTask } from "../../src/core/wasm/aside.ts";
import type { IndexRequest } from "../../src/core/wasm/index-request.ts";
import { GROUP_SIZE, readGroup } from "../../src/core/wasm/abi/records.ts";
import { leftOut } from "../../src/core/planning/piece.ts";
import { Table } from "../../src/core/wasm/abi/names.ts";
import { fragment, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { bytes, fullBox, u32 } from "../support/boxes.ts";
import { alikeIndex, indexOfTables } from "../support/odd-chunks.ts";
import { recordMetadata } from "../support/recording.ts";

const here = await loadCore();
const aside = await loadCore(indexAside());

function indexed(core: Core, file: Uint8Array): Promise<IndexedSegment> {
  return indexObject(core, file.length, ({ offset, length }) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
}

/** Turns of the event loop until a promise is settled. */
async function turnsOf(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let timer = setImmediate(function again() {
    turns++;
    timer = setImmediate(again);
  });
  await promise.catch(() => undefined);
  clearImmediate(timer);
  return turns;
}

test("are those that would be built here, and others have their turn meanwhile", async () => {
  const file = await recordMetadata(2 << 20);
  expect(await turnsOf(indexed(here, file))).toBe(0);
  const built = indexed(aside, file);
  expect(await turnsOf(built)).toBeGreaterThan(1);
  expect(await built).toEqual(await indexed(here, file));
});

test("of many boxes are handed over as few objects, each of which costs as much as those before it", async () => {
  const run = (at: number) => (mediaAt: number) => bytes(tfhd(1), tfdt(512 * at), trun(mediaAt, [{ size: 1 }]));
  const parts = Array.from({ length: 10_000 }, (_, i) => fragment(new Uint8Array(1), i + 1, run(i)));
  const file = bytes(initSegment(), ...parts);
  const sent = vi.spyOn(Worker.prototype, "postMessage");
  const built = await indexed(aside, file);
  expect(sent.mock.calls.map(([, transferred]) => (transferred as unknown[]).length)).toEqual([3]);
  sent.mockRestore();
  expect(built).toEqual(await indexed(here, file));
});

test("are refused as they would be here, and the next ones built", async () => {
  const file = await recordMetadata(2 << 20);
  const broken = Uint8Array.from(file);
  broken.set([0xff, 0xff, 0xff, 0xff], Buffer.from(file).indexOf("stco") + 12);
  const refusal = await indexed(here, broken).catch((error: unknown) => error);
  const [first, second] = await Promise.allSettled([indexed(aside, broken), indexed(aside, file)]);
  expect(first).toEqual({ status: "rejected", reason: refusal });
  expect(second).toMatchObject({ status: "fulfilled" });
});

test("of files with little metadata take no thread", async () => {
  expect(await turnsOf(indexed(aside, await recordMetadata(1000)))).toBe(0);
});

/** Everything that can be asked of an index of one track, with counts that are measured already. */
function requestsOf(index: Uint8Array): IndexRequest[] {
  const [record] = readSummary(index).tracks;
  if (record === undefined) throw new Error("it has no track");
  const track = { ...leftOut(record), first: 5, count: record.samples - 10, timescale: 90_001, trackId: 1 };
  const { counts } = here.withIndex(index, (loaded) => loaded.measure([track]));
  const measured = [{ ...track, counts: counts[0] ?? track.counts }];
  return [
    ["select", 0, { start: 1000, end: record.samples - 1000, rules: 0, preroll: 0 }],
    ["groups", 0, 10_000],
    ["run", 0, 100, 200],
    ["measure", [track]],
    ["table", measured, 0, Table.Stts, 0],
    ["table", measured, 0, Table.Stsz, 0, { from: 40, most: 10 }],
    ["spans", measured],
    ["fragments", measured, 1, { most: 100 }],
    ["accessEntries", measured, Table.Tfra, 90_001, { offset: 0, hiddenStart: 0, hiddenEnd: 0 }, { most: 100 }],
  ];
}

/** An answer, what is lent copied. */
function answerOf(core: Core, index: Uint8Array, request: IndexRequest): Promise<unknown> {
  return core.lend(index, request, (answer) => {
    if (answer instanceof Uint8Array) {
      const view = new DataView(answer.buffer);
      return Array.from({ length: answer.length / GROUP_SIZE }, (_, i) => readGroup(view, i * GROUP_SIZE));
    }
    // What a call goes on with has room that is not filled yet.
    if ("rest" in answer && !("copyTo" in answer)) return { ...answer, rest: answer.rest?.length };
    if (!("copyTo" in answer)) return answer;
    const bytes = new Uint8Array(answer.length);
    answer.copyTo(bytes, 0);
    return { bytes, rest: answer.rest?.length };
  });
}

/** A core whose thread is told of, call by call. */
async function watchedCore(): Promise<{ core: Core; asked: string[] }> {
  const asked: string[] = [];
  const { build, ask } = indexAside();
  const told: typeof ask = (task) => {
    asked.push(task.request[0]);
    return ask(task);
  };
  return { core: await loadCore({ build, ask: told }), asked };
}

test("of many samples answer in a thread as they would here", async () => {
  const { core, asked } = await watchedCore();
  const index = alikeIndex(here, 300_001);
  const other = alikeIndex(here, 300_002);
  const requests = requestsOf(index);
  for (const [i, request] of requests.entries()) {
    const name = `request ${String(i)}, ${request[0]}`;
    expect(await answerOf(core, index, request), name).toEqual(await answerOf(here, index, request));
    await core.ask(other, ["run", 0, 1, 2]);
  }
  expect(asked).toEqual(requests.flatMap(([name]) => [name, "run"]));
});

test("of many chunks answer in a thread, too, though their samples are fewer", async () => {
  const { core, asked } = await watchedCore();
  const count = 200_000;
  const places = new Uint8Array(4 * count);
  const view = new DataView(places.buffer);
  for (let i = 0; i < count; i++) view.setUint32(4 * i, 100 + ((i * 7919) % count));
  const index = indexOfTables(here, count + 16, [
    [
      fullBox("stts", 0, 0, u32(1, count, 1)),
      fullBox("stsc", 0, 0, u32(1, 1, 1, 1)),
      fullBox("stsz", 0, 0, u32(1, count)),
      fullBox("stco", 0, 0, u32(count), places),
    ],
  ]);
  const request: IndexRequest<"run"> = ["run", 0, 1, 2];
  await core.ask(index, request);
  await core.ask(alikeIndex(here, count), request);
  expect(asked).toEqual(["run"]);
});

test("of many samples go on part by part where they were left", async () => {
  const index = alikeIndex(here, 300_001);
  const fragments = requestsOf(index).find(([name]) => name === "fragments") as IndexRequest<"fragments">;
  const [, tracks, sequence] = fragments;
  const pagesOf = async (core: Core): Promise<unknown[]> => {
    const pages: unknown[] = [];
    let rest: Uint8Array | undefined;
    do {
      const page = await core.ask(index, ["fragments", tracks, sequence, { rest, most: 100_000 }]);
      ({ rest } = page);
      pages.push([page.headers.length, page.headers.subarray(-100), page.spans.subarray(-16), rest?.length]);
    } while (rest !== undefined);
    return pages;
  };
  const pages = await pagesOf(aside);
  expect(pages.length).toBeGreaterThan(2);
  expect(pages).toEqual(await pagesOf(here));
});

test("of many samples are refused as they would be here, and the next ones answer", async () => {
  const index = alikeIndex(here, 300_001);
  const broken = Uint8Array.from(index);
  broken[broken.length - 1] = (broken[broken.length - 1] ?? 0) ^ 1;
  const request: IndexRequest<"run"> = ["run", 0, 100, 200];
  const refusal = await here.ask(broken, request).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "bad_index" });
  const [first, second] = await Promise.allSettled([aside.ask(broken, request), aside.ask(index, request)]);
  expect(first).toEqual({ status: "rejected", reason: refusal });
  expect(second).toEqual({ status: "fulfilled", value: await here.ask(index, request) });
});

test("of many samples are asked one request at a time each: who asks one of them much keeps nobody else waiting", async () => {
  const [much, little] = [alikeIndex(here, 300_001), alikeIndex(here, 300_002)];
  const request: IndexRequest<"run"> = ["run", 0, 100, 200];
  const sent = vi.spyOn(Worker.prototype, "postMessage");
  const asked = [...Array.from({ length: 5 }, () => much), little].map((index) => aside.ask(index, request));
  // Another request of the same index would come without it.
  expect(sent.mock.calls.map(([task]) => "index" in (task as object))).toEqual([true, true]);
  await Promise.all(asked);
  expect(sent).toHaveBeenCalledTimes(asked.length);
  sent.mockRestore();
});

test("of many samples are asked first on which little time was spent", async () => {
  const [busy, other, much, little] = [1, 2, 3, 4].map((more) => alikeIndex(here, 300_000 + more)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const ask = (index: Uint8Array, first: number): Promise<unknown> => aside.ask(index, ["run", 0, first, 2]);
  await ask(much, 1);
  const sent = vi.spyOn(Worker.prototype, "postMessage");
  await Promise.all([ask(busy, 1), ask(other, 2), ask(much, 3), ask(little, 4)]);
  expect(sent.mock.calls.map(([task]) => (task as AskTask).request[2])).toEqual([1, 2, 4, 3]);
  sent.mockRestore();
});

test("are built for the clients in turn: who sends many keeps another waiting for two at most", async () => {
  const file = await recordMetadata(2 << 20);
  const order: string[] = [];
  const build = async (client: string): Promise<void> => {
    const read = ({ offset, length }: ByteSpan): Promise<Uint8Array> =>
      Promise.resolve(file.subarray(offset, offset + length));
    await indexObject(aside, file.length, read, { hold: Object.assign(() => undefined, { client }) });
    order.push(client);
  };
  await Promise.all(["much", "much", "much", "much", "little"].map((client) => build(client)));
  // The one that ran when it came, and the one whose turn was next.
  expect(order).toEqual(["much", "much", "little", "much", "much"]);
});

test("of many tracks answer in a thread sooner: each step may look at all of them", async () => {
  const { core, asked } = await watchedCore();
  const tables = (count: number, at: number): Uint8Array[] => [
    fullBox("stts", 0, 0, u32(1, count, 1)),
    fullBox("stsc", 0, 0, u32(1, 1, count, 1)),
    fullBox("stsz", 0, 0, u32(1, count)),
    fullBox("stco", 0, 0, u32(1, at)),
  ];
  const index = (tracks: number): Uint8Array =>
    indexOfTables(
      here,
      10_000 * tracks + 16,
      Array.from({ length: tracks }, (_, i) => tables(10_000, 100 + 10_000 * i)),
    );
  await core.ask(index(7), ["run", 0, 100, 200]);
  expect(asked).toEqual([]);
  await core.ask(index(8), ["run", 0, 100, 200]);
  expect(asked).toEqual(["run"]);
});

test("of few samples take no thread", async () => {
  const { core, asked } = await watchedCore();
  await core.ask(alikeIndex(here, 300_000), ["run", 0, 100, 200]);
  expect(asked).toEqual([]);
});
