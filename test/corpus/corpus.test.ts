import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { statusOf } from "../../src/base/error-codes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import { StreamIndexer } from "../../src/core/indexing/stream-indexer.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { ffprobePath } from "../support/tools.ts";
import { difference, expectationFor, type ListedSample } from "./expected.ts";
import { corpusFiles, type CorpusFile } from "./files.ts";
import { refusalOf, UNJUDGED } from "./refusals.ts";

const root = process.env.BOXCAR_CORPUS;
if (root === undefined) console.warn("SKIPPING the corpus: BOXCAR_CORPUS names no folder of conformance files");

interface Listed {
  readonly tracks: ReadonlyMap<number, readonly ListedSample[]>;
  readonly codecs: string;
}

/** `exact (dump)`, `exact (ffprobe)`, `refused: CODE`, `unjudged`, or else what is wrong. */
type Outcome = string;

const core = await loadCore();

/** The samples of a file by track id, as its segment index has them. */
function list(file: Uint8Array): Listed {
  const indexer = new StreamIndexer(core);
  indexer.push(file);
  const { index, description } = indexer.end();
  const tracks = new Map<number, ListedSample[]>(description.tracks.map(({ id }) => [id, []]));
  const ids = description.tracks.map(({ id }) => id);
  for (const { trackIndex, offset, size, sync } of core.withIndex(index, (loaded) => loaded.samples())) {
    tracks.get(ids[trackIndex] ?? -1)?.push({ offset, size, sync });
  }
  return { tracks, codecs: description.codecs };
}

async function judge({ file }: CorpusFile): Promise<Outcome> {
  const bytes = await readFile(file);
  let listed: Listed;
  try {
    listed = list(bytes);
  } catch (error) {
    if (error instanceof BoxcarError && statusOf(error) < 500) return `refused: ${error.code}`;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const expected = await expectationFor(file, /enc[av]|ac-4/.test(listed.codecs) && bytes.includes("sinf"));
  if (expected === undefined) return "unjudged";
  for (const { id, samples } of expected.tracks) {
    const ours = listed.tracks.get(id);
    if (ours === undefined && samples.length === 0) continue;
    const why = ours === undefined ? "is missing" : difference(bytes, ours, samples);
    if (why !== undefined) return `track ${id} by ${expected.by}: ${why}`;
  }
  return `exact (${expected.by})`;
}

test.skipIf(root === undefined || ffprobePath === undefined)(
  "every corpus file gives exactly its samples, or a typed refusal",
  async () => {
    const counts = new Map<string, number>();
    const unexpected: Record<string, string> = {};
    for (const file of await corpusFiles(root ?? "")) {
      const outcome = await judge(file);
      const refusal = refusalOf(file.name);
      const wanted =
        refusal === undefined ? (UNJUDGED.includes(file.name) ? "unjudged" : "exact") : `refused: ${refusal}`;
      const fits = outcome === wanted || (wanted === "exact" && outcome.startsWith("exact ("));
      if (!fits) unexpected[file.name] = outcome;
      const group = fits ? outcome : "unexpected";
      counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    console.log([...counts].map(([group, count]) => `${count} ${group}`).join("\n"));
    expect(unexpected).toEqual({});
    expect(counts.size).toBeGreaterThan(2);
  },
  300_000,
);
