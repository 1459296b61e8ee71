import { createApp } from "../../http/app.ts";
import type { CatalogSettings } from "../../config/catalog-settings.ts";
import type { Catalog } from "../../catalog/catalog.ts";
import { readConfig, type Config } from "../../config/config.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Store } from "../../base/ports.ts";
import type { App, AppPlatform } from "../../http/context.ts";
import { openStore } from "../../store/open-store.ts";
import { ossFetchStore } from "../../store/oss/oss-fetch.ts";
import { r2Store, type R2Bucket } from "../../store/r2.ts";
import { s3Store } from "../../store/s3/s3.ts";
import { createCore } from "../../core/index.ts";
import { jsonLog } from "../node/log.ts";
import { openCatalogHttp } from "../libsql/open-catalog-http.ts";
import { reconcileOnce } from "../node/reconciler.ts";
import { workerSendStream, type WorkerRequest } from "./worker-send.ts";

/**
 * A request may have six connections open (https://developers.cloudflare.com/workers/platform/limits): that of the object whose
 * turn it is, one to the catalog, and these. An isolate has 128 MB for all.
 */
const AHEAD = { objects: 4, bytes: 4 << 20, allObjects: 64, allBytes: 16 << 20 };

/** What wrangler.toml, secrets and the dashboard give to a worker: variables are texts, the rest are bindings. */
type Bindings = Readonly<Record<string, unknown>>;

/** What workerd hands out with an event. */
interface EventContext {
  waitUntil(work: Promise<unknown>): void;
}

/** All that one isolate keeps. */
interface Worker {
  readonly app: App;
  readonly platform: AppPlatform;
}

/** What a worker is made of that its bundle brings. */
export interface WorkerParts {
  /** `boxcar.wasm`, as bundlers import it. */
  readonly wasm: WebAssembly.Module;
  /** A file of swagger-ui-dist by its name. Default: none, and then `/docs` stays empty. */
  readonly asset?: AppPlatform["asset"];
}

/** The handlers that workerd calls. */
export interface WorkerHandlers {
  /** Answers one request, and does not stop halfway when its client leaves. */
  fetch(request: Request, env: Bindings, context: EventContext): Promise<Response>;
  /** Settles what crashes left, as the server does once a minute: `crons` in wrangler.toml says when. */
  scheduled(event: unknown, env: Bindings, context: EventContext): void;
}

/**
 * The server on Cloudflare Workers, configured by variables, secrets and bindings.
 *
 * @example
 * import wasm from "boxcar/boxcar.wasm";
 * export default createWorker({ wasm });
 */
export function createWorker(parts: WorkerParts): WorkerHandlers {
  /** Made with the first event, since bindings come with events; the same for all events of an isolate. */
  let worker: Promise<Worker> | undefined;
  const opened = (env: Bindings): Promise<Worker> => (worker ??= openWorker(parts, env));
  return {
    fetch(request, env, context) {
      const answer = fetchWorker(opened, request, env, context);
      context.waitUntil(answer);
      return answer;
    },
    scheduled(_event, env, context) {
      context.waitUntil(reconcileWorker(opened(env)));
    },
  };
}

async function openWorker(
  { wasm, asset = () => Promise.resolve(undefined) }: WorkerParts,
  env: Bindings,
): Promise<Worker> {
  const texts = Object.entries(env).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  // A worker is reached from everywhere, so it needs what a public address needs; on this machine HOST says otherwise.
  const config = readConfig({ HOST: "0.0.0.0", ...Object.fromEntries(texts) });
  // eslint-disable-next-line no-console -- the console is a worker's log
  const log = jsonLog(config.logLevel, (line) => console.log(line));
  const store = await openWorkerStore(config, env);
  const platform: AppPlatform = {
    runtime: "worker",
    config,
    catalog: openWorkerCatalog(config.catalog),
    store,
    core: createCore(wasm),
    clock: () => Date.now(),
    log,
    randomId: () => crypto.randomUUID(),
    sendStream: workerSendStream(log),
    // Cloudflare sets the field and drops what a client sends under its name.
    peerAddress: (_env, request) => request.headers.get("cf-connecting-ip") ?? undefined,
    asset,
  };
  return { app: createApp(platform), platform };
}

function openWorkerCatalog(settings: CatalogSettings): Catalog {
  if (settings.driver === "server") {
    const { replica, ...server } = settings;
    if (replica === undefined || "url" in replica) return openCatalogHttp({ ...server, replica }).catalog;
  }
  const message = "BOXCAR_CATALOG, BOXCAR_CATALOG_REPLICA: a worker has no files; name libSQL servers.";
  throw new BoxcarError("bad_configuration", message);
}

function openWorkerStore(config: Config, env: Bindings): Promise<Store> {
  return openStore(config.store, {
    r2: ({ binding }) => {
      const bucket = env[binding];
      if (typeof bucket === "object" && bucket !== null) return r2Store(bucket as R2Bucket, { ahead: AHEAD });
      const message = `BOXCAR_STORE: the worker has no binding ${binding}. Add it to r2_buckets in wrangler.toml.`;
      throw new BoxcarError("bad_configuration", message);
    },
    s3: (settings) => s3Store(settings, { ahead: AHEAD }),
    oss: (settings) => ossFetchStore(settings, { ahead: AHEAD }),
  });
}

async function fetchWorker(
  opened: (env: Bindings) => Promise<Worker>,
  request: Request,
  env: Bindings,
  context: EventContext,
): Promise<Response> {
  try {
    const { app } = await opened(env);
    const handed: WorkerRequest = { signal: request.signal, waitUntil: (work) => context.waitUntil(work) };
    return await app.fetch(request, handed);
  } catch (error) {
    return refuseAll(error);
  }
}

/** The reply to everything while the worker cannot be opened. What is wrong with it is for its owner's eyes only. */
function refuseAll(error: unknown): Response {
  // eslint-disable-next-line no-console -- there is no configured log
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  const message = "This worker's configuration cannot be used. Its log says why.";
  return Response.json({ code: 500, error: "bad_configuration", message }, { status: 500 });
}

async function reconcileWorker(opened: Promise<Worker>): Promise<void> {
  const { platform } = await opened;
  await reconcileOnce(platform, platform.clock(), platform.log, new AbortController().signal);
}
