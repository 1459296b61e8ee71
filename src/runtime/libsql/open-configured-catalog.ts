import { dirname, join, resolve } from "node:path";
import type { CatalogSettings } from "../../config/catalog-settings.ts";
import { BoxcarError } from "../../base/errors.ts";
import { makePath } from "../../store/file/folders.ts";
import { openCatalogFile, type OpenCatalog } from "./open-catalog.ts";

/** One that is on its way while the server does another; more would only wait there, and stall it. */
const WRITES_AT_ONCE = 2;

/**
 * Opens the configured catalog where Node's modules are. A file is made when there is none and brought to the newest
 * schema; a server is not asked anything yet.
 */
export async function openConfiguredCatalog(settings: CatalogSettings, dataFolder: string): Promise<OpenCatalog> {
  if (settings.driver === "file") {
    const path = settings.path === undefined ? join(dataFolder, "catalog.db") : resolve(settings.path);
    await makeFolder(dirname(path), "BOXCAR_CATALOG");
    return openCatalogFile(path);
  }
  const { openCatalogHttp } = await import("./open-catalog-http.ts");
  const { url, token, timeoutMs, replica } = settings;
  const primary = { url, token, timeoutMs, writesAtOnce: WRITES_AT_ONCE };
  if (replica === undefined || "url" in replica) return openCatalogHttp({ ...primary, replica });
  const path = resolve(replica.path);
  await makeFolder(dirname(path), "BOXCAR_CATALOG_REPLICA");
  const { embeddedReplica } = await import("./embedded-replica.ts");
  const embedded = embeddedReplica({ path, primaryUrl: url, token, timeoutMs: timeoutMs * 0.4 });
  return openCatalogHttp({ ...primary, replica: embedded });
}

/** Makes a folder that a variable names. @throws BoxcarError `bad_configuration` (500) */
export async function makeFolder(path: string, variable: string): Promise<void> {
  try {
    await makePath(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BoxcarError("bad_configuration", `${variable}: the folder cannot be made: ${why}.`, {}, cause);
  }
}
