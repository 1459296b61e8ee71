/** Segments in a catalog in memory, ready to be planned: no server, no copies. */
import { createClient } from "@libsql/client";
import { basename, dirname } from "node:path";
import { registerInPlace } from "../../src/intake/segments/segment-upload.ts";
import type { Media } from "../../src/core/reading/media.ts";
import { planRange, type Plan, type RangeQuery } from "../../src/recordings/plan-range.ts";
import type { ByteSpan } from "../../src/base/ports.ts";
import { loadCore } from "../../src/runtime/node/node-parts.ts";
import { openCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { placeKey, withPlaces } from "../../src/store/mounts.ts";

/** A stream of segments that can be planned. */
export interface Shelf {
  /** Plans a range of it; what the query leaves out has the defaults of the HTTP surface. */
  plan(query: Partial<RangeQuery> & Pick<RangeQuery, "startMs" | "endMs">): Promise<Plan>;
  close(): Promise<void>;
}

/** Registers files under the start they are given, in that order. */
export async function shelve(files: readonly { readonly file: string; readonly startMs: number }[]): Promise<Shelf> {
  const core = await loadCore();
  const { catalog, close } = await openMemoryCatalog();
  const store = withPlaces(new FileStore("/nowhere"), (place) => {
    const file = files[place]?.file;
    return Promise.resolve(file === undefined ? undefined : new FileStore(dirname(file)));
  });
  const parts = { core, catalog, store, clock: () => 0 };
  const streamPath = "test";
  for (const [i, { file, startMs }] of files.entries()) {
    await registerInPlace(parts, { streamPath, startMs, key: placeKey(i, basename(file)) });
  }
  return {
    plan: (query) => planRange(parts, { streamPath, cut: "frame", gaps: "skip", changes: "inband", ...query }),
    close,
  };
}

async function openMemoryCatalog(): Promise<Pick<Awaited<ReturnType<typeof openCatalog>>, "catalog" | "close">> {
  const opened = await openCatalog(createClient({ url: ":memory:" }));
  return { catalog: opened.catalog, close: () => opened.close() };
}

/** The bytes of a span, or of the whole. */
export async function bytesOf(media: Media, span: ByteSpan = { offset: 0, length: media.size }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of media.read(span)) chunks.push(Buffer.from(chunk)); // copied: a chunk is reused by the next
  return Buffer.concat(chunks);
}
