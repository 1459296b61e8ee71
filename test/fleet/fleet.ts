/** Upload nodes and edges in processes of their own, which share one libSQL catalog and one store. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openCatalogHttp } from "../../src/runtime/libsql/open-catalog-http.ts";
import type { OpenCatalog } from "../../src/runtime/libsql/open-catalog.ts";
import { migrate } from "../../src/catalog/migrate.ts";
import { FileStore } from "../../src/store/file/file.ts";
import { isInstalled, startEdge, type ProcessEdge, type ServerName } from "../runtimes/edges.ts";
import { token } from "../runtimes/client.ts";
import { startSqld, type Sqld } from "../support/sqld.ts";

/** A node that can crash. */
export interface FleetNode {
  readonly name: string;
  /** Where it answers; changes when it is started again. Undefined while it is down. */
  readonly url: string | undefined;
  /** Starts it unless it runs. */
  start(): Promise<void>;
  kill(): Promise<void>;
}

export interface Fleet {
  readonly uploaders: readonly FleetNode[];
  readonly edges: readonly FleetNode[];
  /** The catalog's servers: `url` is undefined while one is down. */
  readonly primary: FleetNode;
  readonly replica: FleetNode;
  /** The shared catalog, read at its primary; the replica is only there to be waited for. */
  readonly catalog: OpenCatalog;
  readonly store: FileStore;
  /** Ends all processes; the data stays. */
  stop(): Promise<void>;
}

/** Starts a fleet over a folder, which may hold the data of an earlier one: 2 upload nodes and 3 edges. */
export async function startFleet(folder: string): Promise<Fleet> {
  const media = join(folder, "media");
  await mkdir(media, { recursive: true });
  const primary = await startSqld(join(folder, "primary"));
  const replica = await startSqld(join(folder, "replica"), primary);
  const catalog = openCatalogHttp({ url: primary.url, timeoutMs: 20_000 });
  await migrate(catalog.db);
  const near = openCatalogHttp({ url: replica.url, timeoutMs: 20_000 });
  const shared = { BOXCAR_CATALOG: primary.url, BOXCAR_STORE: `file:${media}`, BOXCAR_TOKEN: token };
  const nodeOf = (name: string, runtime: ServerName, env: Record<string, string>): FleetNode =>
    boxcarNode(name, isInstalled(runtime) ? runtime : "node", {
      ...shared,
      BOXCAR_DATA: join(folder, name),
      BOXCAR_LOG: "info",
      ...env,
    });
  const atReplica = { BOXCAR_CATALOG_REPLICA: replica.url };
  const uploaders = [nodeOf("upload-node", "node", {}), nodeOf("upload-bun", "bun", {})];
  const edges = [
    nodeOf("edge-node", "node", { BOXCAR_CATALOG_REPLICA: `file:${join(folder, "edge-node.db")}` }),
    nodeOf("edge-bun", "bun", atReplica),
    nodeOf("edge-deno", "deno", atReplica),
  ];
  const servers = [sqldNode("primary", primary), sqldNode("replica", replica)] as const;
  for (const node of [...uploaders, ...edges]) await node.start();
  const stop = async (): Promise<void> => {
    await Promise.all([...uploaders, ...edges].map((node) => node.kill()));
    await catalog.close();
    await near.close();
    await replica.kill();
    await primary.kill();
  };
  const db = { ...catalog.db, replica: near.db.primary };
  const opened = { ...catalog, db };
  return {
    uploaders,
    edges,
    primary: servers[0],
    replica: servers[1],
    catalog: opened,
    store: new FileStore(media),
    stop,
  };
}

function boxcarNode(name: string, runtime: ServerName, env: Record<string, string>): FleetNode {
  let running: ProcessEdge | undefined;
  return {
    name,
    get url() {
      return running?.url;
    },
    start: async () => {
      running ??= await startEdge(runtime, env);
    },
    kill: async () => {
      const killed = running;
      running = undefined;
      await killed?.kill();
    },
  };
}

function sqldNode(name: string, server: Sqld): FleetNode {
  let isUp = true;
  return {
    name,
    get url() {
      return isUp ? server.url : undefined;
    },
    start: async () => {
      if (!isUp) await server.start();
      isUp = true;
    },
    kill: async () => {
      isUp = false;
      await server.kill();
    },
  };
}
