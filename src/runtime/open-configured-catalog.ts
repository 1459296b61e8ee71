import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CatalogSettings } from "../catalog-settings.ts";
import { embeddedReplica } from "./embedded-replica.ts";
import { openCatalogFile, type OpenCatalog } from "./open-catalog.ts";
import { openCatalogHttp } from "./open-catalog-http.ts";

/**
 * Opens the configured catalog where Node's modules are. A file is made when there is none and brought to the newest
 * schema; a server is not asked anything yet.
 */
export async function openConfiguredCatalog(settings: CatalogSettings, dataFolder: string): Promise<OpenCatalog> {
  if (settings.driver === "file") {
    const path = settings.path === undefined ? join(dataFolder, "catalog.db") : resolve(settings.path);
    await mkdir(dirname(path), { recursive: true });
    return openCatalogFile(path);
  }
  const { url, token, timeoutMs, replica } = settings;
  if (replica === undefined || "url" in replica) return openCatalogHttp({ url, token, timeoutMs, replica });
  const path = resolve(replica.path);
  await mkdir(dirname(path), { recursive: true });
  const embedded = embeddedReplica({ path, primaryUrl: url, token, timeoutMs: timeoutMs * 0.4 });
  return openCatalogHttp({ url, token, timeoutMs, replica: embedded });
}
