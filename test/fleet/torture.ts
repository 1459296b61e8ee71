/**
 * Rounds of uploads, deletions and downloads on a fleet whose processes are killed at random moments, and what must
 * hold after each. A round is decided by the seed and its number alone, so that it can be told and repeated.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Segment } from "../../src/catalog/types.ts";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { planRange } from "../../src/recordings/plan-range.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { auth } from "../runtimes/client.ts";
import { catchUp } from "../support/catch-up.ts";
import { random, type Random } from "../support/random.ts";
import { record } from "../support/recording.ts";
import { bytesOf } from "../support/shelf.ts";
import type { Fleet, FleetNode } from "./fleet.ts";

const SECONDS = 2;
const STREAMS = ["yard/north", "yard/south", "gate"];
/** Where every stream starts: long ago, so that nothing depends on the time of the run. */
const STARTED_MS = Date.UTC(2026, 0, 31, 10);

/** What is known of the fleet's data after a round; plain data, so that a run can be continued. */
export interface TortureState {
  readonly seed: number;
  /** Finished rounds. */
  rounds: number;
  /** Acknowledged segments that were not deleted. */
  acknowledged: { streamPath: string; startMs: number; id: number; size: number; sha256: string }[];
  readonly counts: {
    uploads: number;
    repeated: number;
    deletions: number;
    downloads: number;
    broken: number;
    kills: number;
  };
}

export function newState(seed: number): TortureState {
  const counts = { uploads: 0, repeated: 0, deletions: 0, downloads: 0, broken: 0, kills: 0 };
  return { seed, rounds: 0, acknowledged: [], counts };
}

interface Upload {
  readonly streamPath: string;
  readonly startMs: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly key: string;
}

/** What a fleet holds against an oracle of its own: catalog and store read by this process alone. */
export async function tortureRound(fleet: Fleet, state: TortureState): Promise<void> {
  const round = state.rounds + 1;
  const rng = random(state.seed * 1_000_003 + round);
  const where = `seed ${state.seed}, round ${round}`;
  const nodes = [...fleet.uploaders, ...fleet.edges];
  await Promise.all(nodes.map((node) => node.start()));

  const uploads = await planUploads(rng, round);
  const downloads = planDownloads(state, rng);
  const doomed = rng.below(3) === 0 ? takeDoomed(state, rng) : [];
  const victims = [rng.pick(nodes), ...(rng.below(2) === 0 ? [rng.pick(nodes)] : [])];
  if (rng.below(5) === 0) victims.push(rng.pick([fleet.primary, fleet.replica]));

  const killing = Promise.all(victims.map((victim) => crash(victim, rng.below(400), state)));
  const uploading = Promise.all(
    uploads.map(async (upload, i) => {
      const node = fleet.uploaders[i % fleet.uploaders.length];
      return (await send(node, upload, 1 + rng.below(60))) ? undefined : upload;
    }),
  );
  const deleting = doomed.length === 0 ? undefined : remove(rng.pick(fleet.uploaders), doomed);
  const downloading = Promise.all(
    downloads.map(async (path) => {
      const edge = rng.pick(fleet.edges);
      return { path, edge: edge.name, sha256: await download(edge, path, rng.below(40)) };
    }),
  );
  const unanswered = (await uploading).filter((upload) => upload !== undefined);
  await deleting;
  const finished = await downloading;
  await killing;

  await fleet.primary.start();
  await fleet.replica.start();
  await Promise.all(fleet.uploaders.map((node) => node.start()));
  await settle(fleet, where);
  for (const upload of unanswered) {
    if (!(await send(fleet.uploaders[0], upload, 1))) throw new Error(`${where}: ${upload.key} cannot be repeated`);
    state.counts.repeated++;
  }
  for (const segment of doomed) await remove(fleet.uploaders[0], [segment]);
  state.counts.uploads += uploads.length;
  state.counts.deletions += doomed.length;

  await checkSegments(fleet, state, uploads, where);
  await settle(fleet, where);
  await catchUp(fleet.catalog.db);
  // The replica that a node keeps in a file asks once a second.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  for (const { path, edge, sha256 } of finished) {
    if (sha256 === undefined) {
      state.counts.broken++;
      continue;
    }
    state.counts.downloads++;
    const wanted = await plainly(fleet, path);
    if (sha256 !== wanted) throw new Error(`${where}: ${path} from ${edge} has the hash ${sha256}, not ${wanted}`);
  }
  state.rounds = round;
}

/** Kills a process a little later. */
async function crash(victim: FleetNode, afterMs: number, state: TortureState): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  await victim.kill();
  state.counts.kills++;
}

/** The next segments of each stream. */
async function planUploads(rng: Random, round: number): Promise<Upload[]> {
  const material = await record({ count: 6, seconds: SECONDS });
  const uploads: Upload[] = [];
  for (const streamPath of STREAMS) {
    for (let i = 0; i < 2; i++) {
      const number = (round - 1) * 2 + i;
      const file = material[(number + rng.below(6)) % material.length]?.file ?? "";
      const startMs = STARTED_MS + number * SECONDS * 1000;
      const body = new Uint8Array(await readFile(file));
      uploads.push({ streamPath, startMs, body, key: `${streamPath} ${startMs}` });
    }
  }
  return uploads;
}

/** Paths of downloads within what earlier rounds have left: nothing changes there any more but by deletion. */
function planDownloads(state: TortureState, rng: Random): string[] {
  const endMs = STARTED_MS + state.rounds * 2 * SECONDS * 1000;
  if (state.rounds === 0) return [];
  // Deletions are of the first half of `gate`; downloads of that stream keep to the rest.
  return Array.from({ length: 6 }, () => {
    const streamPath = rng.pick(STREAMS);
    const firstMs = streamPath === "gate" ? STARTED_MS + (endMs - STARTED_MS) / 2 : STARTED_MS;
    const startMs = Math.floor(firstMs + rng.below(Math.max(1, endMs - firstMs - 1000)));
    const until = Math.min(endMs, startMs + 500 + rng.below(120_000));
    return `/mp4/download/${streamPath}.${rng.pick(["mp4", "fmp4"])}?start=${startMs}&end=${until}`;
  });
}

/** Takes up to three segments of the first half of `gate` out of what must be there. */
function takeDoomed(state: TortureState, rng: Random): TortureState["acknowledged"] {
  const middleMs = STARTED_MS + state.rounds * SECONDS * 1000;
  const old = state.acknowledged.filter(
    ({ streamPath, startMs }) => streamPath === "gate" && startMs < middleMs - 4000,
  );
  const doomed = new Set(Array.from({ length: Math.min(3, old.length) }, () => rng.pick(old)));
  state.acknowledged = state.acknowledged.filter((segment) => !doomed.has(segment));
  return [...doomed];
}

/** Uploads in small chunks. @returns whether the upload was acknowledged */
async function send(
  node: FleetNode | undefined,
  { streamPath, startMs, body, key }: Upload,
  pauseMs: number,
): Promise<boolean> {
  if (node?.url === undefined) return false;
  const chunks = new ReadableStream<Uint8Array>({
    async start(controller) {
      const step = Math.ceil(body.length / 5);
      for (let at = 0; at < body.length; at += step) {
        controller.enqueue(body.subarray(at, at + step));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      controller.close();
    },
  });
  const headers = { ...auth, "Idempotency-Key": key.replaceAll(/[^!-~]/g, "-") };
  // `duplex` is not in the types of every runtime's fetch.
  const init = { method: "PUT", headers, body: chunks, duplex: "half" } as RequestInit;
  try {
    const response = await fetch(`${node.url}/mp4/api/segments/${streamPath}?start=${startMs}`, init);
    await response.arrayBuffer();
    return response.status === 201 || response.status === 200;
  } catch {
    return false;
  }
}

/** Deletes segments. Whether that was answered does not matter: it is asked again. */
async function remove(node: FleetNode | undefined, doomed: TortureState["acknowledged"]): Promise<void> {
  const [first] = doomed;
  if (node?.url === undefined || first === undefined) return;
  const ids = doomed.map(({ id }) => id).join(",");
  const url = `${node.url}/mp4/api/delete/${first.streamPath}?ids=${ids}`;
  await fetch(url, { method: "POST", headers: auth }).then(
    (response) => response.arrayBuffer(),
    () => undefined,
  );
}

/** Downloads slowly. @returns the hash of a download that ended whole; undefined when it was refused or broken */
async function download(node: FleetNode, path: string, pauseMs: number): Promise<string | undefined> {
  if (node.url === undefined) return undefined;
  try {
    const response = await fetch(node.url + path, { headers: auth });
    if (response.status !== 200 || response.body === null) {
      await response.arrayBuffer();
      return undefined;
    }
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      size += chunk.length;
      if (pauseMs > 0 && size < 400_000) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    if (String(size) !== response.headers.get("content-length"))
      throw new Error(`${path} ended short, and as if whole`);
    return hash.digest("hex");
  } catch (error) {
    // A broken connection; anything else is a failure of the test.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The hash of a download as this process plans and reads it. */
async function plainly({ catalog: { catalog }, store }: Fleet, path: string): Promise<string> {
  const url = new URL(path, "http://localhost");
  const [, streamPath = "", format = ""] = /^\/mp4\/download\/(.*)\.(f?mp4)$/.exec(url.pathname) ?? [];
  const [startMs, endMs] = [Number(url.searchParams.get("start")), Number(url.searchParams.get("end"))];
  const parts = { core: await loadCore(), catalog, store };
  const range = { streamPath, startMs, endMs, cut: "frame", gaps: "skip", changes: "inband" } as const;
  const plan = await planRange({ ...parts, gapToleranceMs: 500 }, range);
  return createHash("sha256")
    .update(await bytesOf(plan.media(format === "fmp4" ? "fmp4" : "mp4")))
    .digest("hex");
}

/** Reconciles as a node does some hours later, when every lease and grace is over: twice, the second finds nothing. */
async function settle(fleet: Fleet, where: string): Promise<void> {
  const { store } = fleet;
  const parts = { catalog: fleet.catalog.catalog, store, sweep: (beforeMs: number) => store.sweep(beforeMs) };
  for (const run of [1, 2]) {
    for await (const { kind, ...fields } of reconcile(parts, { nowMs: Date.now() + 7_200_000, verify: true })) {
      const isSettled = ["upload_removed", "deletion_finished", "temporary_removed"].includes(kind);
      if (run === 2 || !isSettled) throw new Error(`${where}: ${kind} in run ${run}: ${JSON.stringify(fields)}`);
    }
  }
}

/** Every upload of the round is there once, with its bytes; so is every one before, with its row. */
async function checkSegments(
  fleet: Fleet,
  state: TortureState,
  uploads: readonly Upload[],
  where: string,
): Promise<void> {
  const { catalog } = fleet.catalog;
  for (const { streamPath, startMs, body } of uploads) {
    const found: Segment[] = [];
    for await (const page of catalog.overlapping(streamPath, startMs + 500, startMs + 501)) found.push(...page);
    const own = found.filter((segment) => segment.startMs === startMs);
    const [segment] = own;
    if (segment === undefined || own.length > 1)
      throw new Error(`${where}: ${streamPath} ${startMs} is there ${own.length} times`);
    const hash = createHash("sha256");
    for await (const chunk of fleet.store.get(segment.key, { offset: 0, length: segment.size }, segment.etag))
      hash.update(chunk);
    const sha256 = hash.digest("hex");
    const wanted = createHash("sha256").update(body).digest("hex");
    if (sha256 !== wanted) throw new Error(`${where}: segment ${segment.id} has other bytes than were sent`);
    state.acknowledged.push({ streamPath, startMs, id: segment.id, size: segment.size, sha256 });
  }
  const ready = new Set<number>();
  for (
    let page = await catalog.readyAfter(0, 500);
    page.length > 0;
    page = await catalog.readyAfter(page.at(-1)?.id ?? 0, 500)
  ) {
    for (const { id } of page) ready.add(id);
  }
  const lost = state.acknowledged.filter(({ id }) => !ready.has(id));
  if (lost.length > 0) throw new Error(`${where}: acknowledged segments are gone: ${JSON.stringify(lost)}`);
  if (ready.size !== state.acknowledged.length) {
    throw new Error(`${where}: ${ready.size} segments are ready, ${state.acknowledged.length} should be`);
  }
  const counted = (await catalog.streams()).reduce((sum, { count }) => sum + count, 0);
  if (counted !== ready.size) throw new Error(`${where}: the totals count ${counted} of ${ready.size} segments`);
}
