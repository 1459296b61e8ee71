/** What the catalog names, where its objects were copied by other means and have other entity tags. */
import { batches } from "../../base/batches.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import type { Segment } from "../../catalog/types.ts";
import type { Upload } from "../../catalog/upload-rows.ts";
import { describeSummary, type Core, type SegmentDescription } from "../../core/index.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { ObjectInfo, Store } from "../../base/ports.ts";
import { indexStored } from "../index-stored.ts";
import { PAGE, pages } from "./pages.ts";

/** What adopting works on. */
export interface AdoptParts {
  readonly catalog: Catalog;
  readonly store: Store;
  /** Public files on this machine's disk. */
  readonly publicFiles: Store;
  readonly core: Core;
}

/** What became of an object. */
export interface AdoptOutcome {
  readonly key: string;
  /** `same`: it has the entity tag that it had. `lost`: it is not there, or is another file. */
  readonly kind: "same" | "adopted" | "lost";
  /** Why it is lost, in a sentence. */
  readonly reason?: string;
}

const AT_ONCE = 16;

/**
 * Gives segments and files the entity tags that their objects have now, where those are what was indexed: of the same size, and
 * segments with the same tracks, samples and durations. @param isTried nothing is changed
 */
export async function* adoptObjects(
  parts: AdoptParts,
  isTried: boolean,
): AsyncGenerator<AdoptOutcome, void, undefined> {
  const { catalog } = parts;
  const segments = pages(
    0,
    ({ id }: Segment) => id,
    (after) => catalog.readyAfter(after, PAGE),
    undefined,
  );
  for await (const page of segments) yield* each(page, (segment) => adoptSegment(parts, segment, isTried));
  const uploads = pages(
    0,
    ({ id }: Upload) => id,
    (after) => catalog.uploads.storedAfter(after, PAGE),
    undefined,
  );
  for await (const page of uploads) yield* each(page, (upload) => adoptFile(parts, upload, isTried));
}

async function* each<Row>(
  rows: readonly Row[],
  adopt: (row: Row) => Promise<AdoptOutcome>,
): AsyncGenerator<AdoptOutcome, void, undefined> {
  for (const batch of batches(rows, AT_ONCE)) yield* await Promise.all(batch.map(adopt));
}

async function adoptSegment(
  { catalog, store, core }: AdoptParts,
  segment: Segment,
  isTried: boolean,
): Promise<AdoptOutcome> {
  const { id, key, etag } = segment;
  const found = await compared(store, segment);
  if ("kind" in found) return found;
  try {
    const { description } = await indexStored(core, store, found);
    if (described(description) !== described(describeSummary(segment.summary)))
      return { key, kind: "lost", reason: "It is another recording of the same size." };
  } catch (error) {
    if (!(error instanceof BoxcarError)) throw error;
    return { key, kind: "lost", reason: error.message };
  }
  if (!isTried) await catalog.retagSegment(id, etag, found.etag);
  return { key, kind: "adopted" };
}

async function adoptFile(
  { catalog, store, publicFiles }: AdoptParts,
  upload: Upload,
  isTried: boolean,
): Promise<AdoptOutcome> {
  const { id, area, key, etag } = upload;
  const found = await compared(area === "store" ? store : publicFiles, upload);
  if ("kind" in found) return found;
  if (!isTried) await catalog.uploads.retag(id, etag, found.etag);
  return { key, kind: "adopted" };
}

/** The object of a row where only its entity tag is another one, else what that comes to. */
async function compared(
  store: Store,
  { key, size, etag }: { readonly key: string; readonly size: number; readonly etag: string },
): Promise<ObjectInfo | AdoptOutcome> {
  const info = await store.head(key);
  if (info === undefined) return { key, kind: "lost", reason: "It is not there." };
  if (info.size !== size) return { key, kind: "lost", reason: `It has ${info.size} bytes, and had ${size}.` };
  return info.etag === etag ? { key, kind: "same" } : info;
}

/** What tells recordings apart; warnings may be others in other versions. */
function described({ format, durationMs, codecs, tracks }: SegmentDescription): string {
  return JSON.stringify({ format, durationMs, codecs, tracks });
}
