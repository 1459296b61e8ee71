import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startEdge, type ProcessEdge } from "../runtimes/edges.ts";
import { random, seedOf } from "../support/random.ts";
import { record } from "../support/recording.ts";
import { packetHashes } from "../support/tools.ts";

const ROUNDS = Number(process.env.BOXCAR_KILLS ?? 2);

interface Segment {
  readonly id: number;
  readonly durationMs: number;
  readonly recording?: boolean;
}

async function listed(node: ProcessEdge): Promise<Segment[]> {
  const response = await fetch(`${node.url}/mp4/api/list/live/a?pageSize=1000`);
  return ((await response.json()) as { data: Segment[] }).data.toReversed();
}

const sum = (segments: readonly Segment[]): number => segments.reduce((all, { durationMs }) => all + durationMs, 0);

test(
  "a server that is killed has all parts that it told of when it is started again, each once, and records on at once",
  async () => {
    const rng = random(seedOf(1));
    const folder = await mkdtemp(join(tmpdir(), "boxcar-kill-"));
    const [source] = await record({ count: 1, seconds: 6, fragmented: true });
    const stream = new Uint8Array(await readFile(source?.file ?? ""));
    const sent = await packetHashes(source?.file ?? "");
    const known = new Set<number>();
    const start = (): Promise<ProcessEdge> => startEdge("node", { BOXCAR_DATA: folder, BOXCAR_LOG: "info" });
    let node = await start();
    for (let round = 0; round < ROUNDS; round++) {
      let send: (bytes: Uint8Array) => void = () => undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          send = (bytes) => {
            controller.enqueue(bytes);
          };
        },
      });
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      const pushing = fetch(`${node.url}/mp4/live/live/a?fragment=2s`, init).then(
        (response) => response.status,
        () => "killed",
      );
      const cut = 80_000 + rng.below(stream.length - 80_000); // behind the second part
      send(stream.slice(0, 50_000));
      await new Promise((resolve) => setTimeout(resolve, 1100)); // it is told of from now on
      send(stream.slice(50_000, cut));
      const running = (): Promise<Segment[]> => listed(node).then((all) => all.filter(({ id }) => !known.has(id)));
      await expect.poll(async () => sum(await running()), { timeout: 5000 }).toBeGreaterThanOrEqual(1000);
      await new Promise((resolve) => setTimeout(resolve, rng.below(200)));
      const told = sum(await running());
      await node.kill();
      expect(await pushing).toBe("killed");
      node = await start();
      const left = (): Promise<string[]> => readdir(join(folder, "spool"), { recursive: true });
      await expect.poll(async () => (await left()).join(" "), { timeout: 10_000 }).not.toContain(".recording");
      expect(sum(await running()), `round ${round}`).toBeGreaterThanOrEqual(told);
      const found: string[] = [];
      for (const { id, recording } of await running()) {
        expect(recording).toBeUndefined();
        known.add(id);
        const path = join(folder, "segment.mp4");
        const media = await fetch(`${node.url}/mp4/download/live/a.mp4?id=${id}`);
        await writeFile(path, new Uint8Array(await media.arrayBuffer()));
        found.push(...(await packetHashes(path)));
      }
      expect(found.length, `round ${round}`).toBeGreaterThan(0);
      expect(found, `round ${round}`).toEqual(sent.slice(0, found.length));
    }
    await node.stop();
    await rm(folder, { recursive: true });
  },
  30_000 + ROUNDS * 20_000,
);
