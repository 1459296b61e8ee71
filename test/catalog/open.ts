import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Catalog } from "../../src/catalog/catalog.ts";
import type { ReadySegment, Segment } from "../../src/catalog/types.ts";
import { openCatalogFile, type OpenCatalog } from "../../src/runtime/open-catalog.ts";

/** A catalog in a database file of its own. */
export interface TestCatalog extends OpenCatalog {
  readonly folder: string;
  /** The database file. */
  readonly path: string;
}

/** Opens an empty catalog; closing it removes its folder. */
export async function openTestCatalog(): Promise<TestCatalog> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-catalog-"));
  const path = join(folder, "catalog.db");
  const opened = await openCatalogFile(path);
  const close = async (): Promise<void> => {
    await opened.close();
    await rm(folder, { recursive: true });
  };
  return { ...opened, folder, path, close };
}

/** What a segment of the given times holds; its bytes tell it from others. */
export function readySegment(startMs: number, endMs: number, size = 1000): ReadySegment {
  const mark = Buffer.from(`${startMs} ${endMs} ${size}`);
  return {
    startMs,
    endMs,
    format: startMs % 2 === 0 ? "mp4" : "fmp4",
    codecs: "avc1.64001f,mp4a.40.2",
    size,
    etag: `etag-${startMs}`,
    summary: mark.subarray(0, 4),
    index: mark,
  };
}

let keys = 0;

/** Adds a ready segment. */
export async function add(
  catalog: Catalog,
  streamPath: string,
  startMs: number,
  endMs: number,
  size = 1000,
): Promise<Segment> {
  const { id } = await catalog.beginSegment({ streamPath, key: `segments/${++keys}`, nowMs: startMs });
  return catalog.completeSegment(id, readySegment(startMs, endMs, size));
}
