/** Segments ready to be planned: no catalog, no server, no copies. */
import { createClient } from "@libsql/client";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ByteSpan } from "../../src/base/ports.ts";
import {
  indexObject,
  planSegments,
  type Media,
  type Plan,
  type SegmentSource,
  type SegmentsRange,
} from "../../src/core/index.ts";
import { registerInPlace } from "../../src/intake/segments/segment-upload.ts";
import { planRange } from "../../src/recordings/plan-range.ts";
import { openCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { loadCore } from "../../src/runtime/node/load-core.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { mountKey, withMounts } from "../../src/store/mounts.ts";

/** A stream of segments that can be planned. */
export interface Shelf {
  /** Plans a range of it; what the query leaves out has the defaults of the HTTP surface. */
  plan(query: SegmentsRange): Promise<Plan>;
}

/** Indexes files and puts them under the starts they are given. */
export async function shelve(files: readonly { readonly file: string; readonly startMs: number }[]): Promise<Shelf> {
  const core = await loadCore();
  const indexed: SegmentSource[] = [];
  for (const { file, startMs } of files) {
    const store = new FileStore(dirname(file));
    const key = basename(file);
    const { size } = await stat(file);
    const bytes = await readFile(file);
    const { index, summary } = await indexObject(core, size, (span) => Promise.resolve(cut(bytes, span)));
    const etag = (await store.head(key))?.etag ?? "";
    indexed.push({ index, summary, startMs, etag, read: (span) => store.get(key, span, etag) });
  }
  return {
    plan: (query) => planSegments({ core }, indexed, query),
  };
}

function cut(bytes: Uint8Array, { offset, length }: ByteSpan): Uint8Array {
  return bytes.subarray(offset, offset + length);
}

/** The bytes of a span, or of the whole. */
export async function bytesOf(media: Media, span: ByteSpan = { offset: 0, length: media.size }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of media.read(span)) chunks.push(Buffer.from(chunk)); // copied: a chunk is reused by the next
  return Buffer.concat(chunks);
}

/** The same over a catalog in memory, which knows what can be had of a range that is refused. */
export async function catalogued(
  files: readonly { readonly file: string; readonly startMs: number }[],
): Promise<Shelf & { close(): Promise<void> }> {
  const core = await loadCore();
  const opened = await openCatalog(createClient({ url: ":memory:" }));
  const { catalog } = opened;
  const store = withMounts(new FileStore("/nowhere"), (place) => {
    const file = files[place]?.file;
    return Promise.resolve(file === undefined ? undefined : new FileStore(dirname(file)));
  });
  const parts = { core, catalog, store, clock: () => 0 };
  for (const [i, { file, startMs }] of files.entries()) {
    await registerInPlace(parts, { streamPath: "test", startMs, key: mountKey(i, basename(file)) });
  }
  return {
    plan: (query) => planRange(parts, { streamPath: "test", cut: "frame", gaps: "skip", changes: "inband", ...query }),
    close: () => opened.close(),
  };
}
