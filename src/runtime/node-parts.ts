import { randomUUID } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { IngestParts } from "../ingest/segment-upload.ts";
import { FileStore } from "../store/file.ts";
import { withPlaces } from "../store/places.ts";
import { createCore, type Core } from "../wasm/module.ts";
import { openCatalogFile } from "./open-catalog.ts";

/** Catalog, store and core of one data folder, as commands and the server use them. */
export interface NodeParts extends IngestParts {
  /** Where objects of the store's own are written; what crashed writes left in it can be swept. */
  readonly files: FileStore;
  /** Closes the catalog. */
  close(): Promise<void>;
}

/** Opens a data folder, made when there is none: the catalog in `catalog.db`, the media below `media`. */
export async function openNodeParts(dataFolder: string): Promise<NodeParts> {
  const folder = resolve(dataFolder);
  const media = join(folder, "media");
  await mkdir(media, { recursive: true });
  const core = await loadCore();
  const opened = await openCatalogFile(join(folder, "catalog.db"));
  const { catalog } = opened;
  const files = new FileStore(media);
  const store = withPlaces(files, async (placeId) => {
    const place = (await catalog.places()).find(({ id }) => id === placeId);
    return place === undefined ? undefined : new FileStore(place.path);
  });
  return {
    catalog,
    store,
    files,
    core,
    clock: () => Date.now(),
    randomId: () => randomUUID(),
    close: () => opened.close(),
  };
}

/** Compiles the WASM core: beside the bundle, or in `build` when the sources run as they are. */
export async function loadCore(): Promise<Core> {
  const beside = fileURLToPath(new URL("./boxcar.wasm", import.meta.url));
  const built = fileURLToPath(new URL("../../build/boxcar.wasm", import.meta.url));
  const bytes = await readFile(beside).catch(() => readFile(built));
  return createCore(await WebAssembly.compile(bytes));
}
