import { createHash, randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { migrate } from "../../catalog/migrate.ts";
import type { Config } from "../../config/config.ts";
import type { IngestParts } from "../../intake/segments/segment-upload.ts";
import type { OssCallbackKeys, Sha256 } from "../../base/ports.ts";
import type { CredentialsSource } from "../../config/store-settings.ts";
import { FileStore } from "../../store/file/file.ts";
import { FolderMark, type RememberedIdentity } from "../../store/file/folder-mark.ts";
import { openStore, type StoreDrivers } from "../../store/open-store.ts";
import type { RemoteOptions } from "../../store/remote/remote-store.ts";
import { withMounts } from "../../store/mounts.ts";
import { ossCallbackKeys } from "../outbound/oss-callback-keys.ts";
import { httpSend, nodeDigests } from "./http-send.ts";
import { indexAside } from "./index-aside.ts";
import { loadCore } from "./load-core.ts";
import { SpoolFolder } from "./spool-folder.ts";
import { makeFolder, openConfiguredCatalog } from "../libsql/open-configured-catalog.ts";

/** Catalog, store and core of one data folder, as commands and the server use them. */
export interface NodeParts extends IngestParts {
  /** Brings the catalog to the newest schema; the names of the migrations that ran. */
  migrate(): Promise<string[]>;
  /** Removes what crashed writes left in folders; other stores remove it themselves. */
  readonly sweep: (beforeMs: number) => Promise<number>;
  /** Public files on this machine's disk, below `public` in the data folder. */
  readonly publicFiles: FileStore;
  /** Segments that are being recorded, below `spool` in the data folder. */
  readonly spool: SpoolFolder;
  readonly ossCallbackKeys: OssCallbackKeys;
  readonly sha256: Sha256;
  readonly gzip: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Closes the catalog. */
  close(): Promise<void>;
}

/** A key that no object has: asking for it checks the folder alone. */
const MARK_CHECK = "readyz";

/** How requests to a remote store are sent. */
export type Sending = Pick<RemoteOptions, "send" | "askedBytes">;

/** Opens the configured catalog and store. */
export async function openNodeParts(
  config: Pick<Config, "dataFolder" | "catalog" | "store">,
  sending: Sending = { send: httpSend() },
): Promise<NodeParts> {
  const folder = resolve(config.dataFolder);
  await makeFolder(folder, "BOXCAR_DATA");
  const core = await loadCore(indexAside());
  const opened = await openConfiguredCatalog(config.catalog, folder);
  const { catalog } = opened;
  const identity = {
    get: () => catalog.folders.identityOf("media"),
    set: (remembered: string) => catalog.folders.remember("media", remembered),
  };
  const own = await openStore(config.store, nodeStoreDrivers(join(folder, "media"), identity, sending));
  const store = withMounts(own, async (mountId) => {
    const mount = (await catalog.mounts.all()).find(({ id }) => id === mountId);
    return mount === undefined ? undefined : new FileStore(mount.path);
  });
  const publicFiles = new FileStore(join(folder, "public"), new FolderMark(join(folder, "public")));
  const folders = own instanceof FileStore ? [own, publicFiles] : [publicFiles];
  return {
    catalog,
    store,
    publicFiles,
    spool: new SpoolFolder(join(folder, "spool")),
    ossCallbackKeys,
    gzip: promisify(gzip),
    sha256: (bytes) => createHash("sha256").update(bytes).digest(),
    core,
    clock: () => Date.now(),
    randomId: () => randomUUID(),
    migrate: async () => {
      const ran = await migrate(opened.db);
      // Marks a new folder, so that it is known again from now on. One that cannot be written may still be read.
      if (own instanceof FileStore) await own.head(MARK_CHECK).catch(() => undefined);
      return ran;
    },
    close: () => opened.close(),
    sweep: async (beforeMs) => {
      const removed = await Promise.all(folders.map((files) => files.sweep(beforeMs)));
      return removed.reduce((sum, count) => sum + count, 0);
    },
  };
}

/**
 * The stores that can be opened where Node's modules are: Node, Bun and Deno. Drivers of other machines' stores are
 * loaded when one is configured.
 * @param media the folder of `file:`
 * @param identity by which that folder is known again; absent: it is believed to be the same
 */
export function nodeStoreDrivers(
  media: string,
  identity?: RememberedIdentity,
  sending: Sending = { send: httpSend() },
): StoreDrivers {
  const options = { ...sending, digests: nodeDigests };
  return {
    file: ({ folder }) => {
      const path = folder === undefined ? media : resolve(folder);
      return new FileStore(path, identity && new FolderMark(path, identity));
    },
    oss: async (settings) =>
      (await import("../../store/oss/oss.ts")).ossStore(settings, { ...options, ...(await signing(settings.source)) }),
    s3: async (settings) =>
      (await import("../../store/s3/s3.ts")).s3Store(settings, { ...options, ...(await signing(settings.source)) }),
  };
}

/** The option of a store whose credentials are read from a source. */
async function signing(source: CredentialsSource | undefined): Promise<RemoteOptions> {
  if (source === undefined) return {};
  const { credentialsFrom } = await import("../../store/remote/credential-sources.ts");
  return { credentials: credentialsFrom(source) };
}
