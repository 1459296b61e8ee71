import type { HttpBindings } from "@hono/node-server";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { ClientAddresses } from "../../auth/client-address.ts";
import { createApp } from "../../http/app.ts";
import { readConfig, unknownVariables, type Config } from "../../config/config.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Log } from "../../base/ports.ts";
import { sendByFetch } from "../../store/remote/send.ts";
import type { Asset } from "../../http/context.ts";
import { boundConnections, connectionsAllowed } from "./connections.ts";
import { giveMemoryBack } from "./give-memory-back.ts";
import { httpSend } from "./http-send.ts";
import { httpServer } from "./http-server.ts";
import { jsonLog } from "./log.ts";
import { readBuilt } from "./built.ts";
import { openNodeParts, type NodeParts, type Sending } from "./node-parts.ts";
import { migrateWhenReached } from "../libsql/migrate-when-reached.ts";
import { nodePeerAddress } from "./node-peer.ts";
import { nodeSendStream } from "./node-send.ts";
import { pictureDecoder } from "../ffmpeg/picture-decoder.ts";
import { startRecording, type StartedRecording } from "./start-recorder.ts";
import { startReconciler, type UpkeepParts } from "./reconciler.ts";
import { endOnFailure, tellFailure } from "./start-failure.ts";
import { remoteFiles } from "../outbound/remote-files.ts";

/** A server that accepts requests. */
export interface RunningServer {
  /** Where it listens, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops accepting, lets running transfers finish for `BOXCAR_STOP_TIMEOUT` seconds, then closes everything. */
  close(): Promise<void>;
}

/** A runtime with Node's modules. */
export type ServerRuntime = "node" | "bun" | "deno";

/** Environment variables, as docs/configuration.md lists them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A server without a listener. */
export interface OpenedServer {
  readonly config: Config;
  readonly log: Log;
  /** Answers a request. @param env what `@hono/node-server` hands out with it (`c.env` of a Hono app) */
  fetch(request: Request, env: HttpBindings): Response | Promise<Response>;
  /** Ends recordings and the upkeep, then closes the catalog. @param meanwhile what must end before that, such as transfers */
  close(meanwhile?: Promise<void>): Promise<void>;
}

/**
 * Opens the server as the environment variables say, on any runtime that has Node's modules: `node:http` keeps lengths,
 * backpressure and broken connections alike on all of them.
 * @throws BoxcarError `bad_configuration` (500)
 */
export async function openServer(runtime: ServerRuntime, env: Environment): Promise<OpenedServer> {
  const config = readConfig(env);
  const log = jsonLog(config.logLevel, (line) => process.stderr.write(`${line}\n`));
  const unknown = unknownVariables(env);
  if (unknown.length > 0)
    log("warn", "unknown variables are passed over", { variables: unknown, known: "docs/configuration.md" });
  const parts = await openNodeParts(config, sendingOf(runtime));
  const recording = startRecording(parts, config, log);
  const stopUpkeep = await startUpkeep({ ...parts, gapToleranceMs: config.gapToleranceMs }, recording, log);
  const app = createApp({
    ...{ ...parts, runtime, config, log, recording, sendStream: nodeSendStream(log, config.rates.downloads) },
    decoder: pictureDecoder({ memory: config.decoderMemory, log }),
    openRemote: remoteFiles({ hosts: config.fetchHosts }),
    peerAddress: nodePeerAddress,
    asset: builtAsset,
  });
  const close = async (meanwhile?: Promise<void>): Promise<void> => {
    // First: pushes would hold their connections open.
    await Promise.all([recording.close(config.stopTimeoutMs), meanwhile]);
    await stopUpkeep();
    await parts.close();
  };
  return { config, log, fetch: (request, bindings) => app.fetch(request, bindings), close };
}

/** Bytes of stored objects that are asked for at once by `fetch`, which holds up to some MB of each answer that nobody has taken; Bun has 256 answers at a time. */
const ASKED_BYTES = 16 << 20;

function sendingOf(runtime: ServerRuntime): Sending {
  if (runtime === "node") return { send: httpSend() };
  return { send: sendByFetch, askedBytes: ASKED_BYTES };
}

/** Opens the server and listens. @throws BoxcarError `bad_configuration` (500), `cannot_listen` (500) */
export async function startServer(runtime: ServerRuntime, env: Environment): Promise<RunningServer> {
  const opened = await openServer(runtime, env);
  const { config, log } = opened;
  const server = httpServer((request, bindings) => opened.fetch(request, bindings), config);
  const addresses = new ClientAddresses(config.access.trustedProxies);
  boundConnections(server, { most: config.connections || connectionsAllowed(), addresses, log });
  try {
    await listen(server, config);
  } catch (error) {
    await opened.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
  log("info", "listening", { url, runtime, data: config.dataFolder, timeZone: config.timeZone });
  const keepMemory = giveMemoryBack(server, runtime);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    log("info", "stopping");
    keepMemory();
    await opened.close(stop(server, config.stopTimeoutMs));
    log("info", "stopped");
  };
  return { url, close: () => (closing ??= close()) };
}

/** Migrates the catalog, then records, and reconciles it with the store from time to time. Returns what ends both. */
async function startUpkeep(
  parts: NodeParts & UpkeepParts,
  recording: StartedRecording,
  log: Log,
): Promise<() => Promise<void>> {
  let stopReconciler = (): Promise<void> => Promise.resolve();
  const reconcile = (): void => {
    recording.begin();
    stopReconciler = startReconciler(parts, parts.clock, log);
  };
  try {
    const stopMigrating = await migrateWhenReached(() => parts.migrate(), log, reconcile);
    return async () => {
      await stopMigrating();
      await stopReconciler();
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** Closes the server on SIGTERM and SIGINT; a second signal ends the process at once. */
export function closeOnSignals(running: RunningServer): void {
  let asked = false;
  // Not `once`, and one more listener then: Deno calls a listener that is added during a signal for that same signal.
  const stop = (): void => {
    if (asked) process.exit(1);
    asked = true;
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
}

/** What an entry file does: starts the server, serves until a signal, and says why when it cannot start. */
export async function runServer(runtime: ServerRuntime): Promise<void> {
  const hasStarted = endOnFailure();
  try {
    closeOnSignals(await startServer(runtime, process.env));
  } catch (error) {
    tellFailure(error);
    process.exitCode = 1;
  }
  hasStarted();
}

/** Connections that may wait to be accepted; the system may allow fewer. Whoever comes beyond them tries again after a second. */
const MOST_UNACCEPTED = 4096;

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Cannot listen on ${host} port ${port}: ${cause.message}. Set HOST and PORT to a free address.`;
      reject(new BoxcarError("cannot_listen", message, { host, port }, cause));
    });
    server.listen({ port, host, backlog: MOST_UNACCEPTED }, resolve);
  });
}

async function stop(server: Server, timeoutMs: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  // Connections that were busy until now would stay open for their keep-alive time.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, 100);
  const limit = setTimeout(() => {
    server.closeAllConnections();
  }, timeoutMs);
  await closed;
  clearInterval(idle);
  clearTimeout(limit);
}

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".png": "image/png",
};

/** Files of the build that were asked for: all who read one share its bytes. */
const builtAssets = new Map<string, Asset>();

async function builtAsset(path: string): Promise<Asset | undefined> {
  const known = builtAssets.get(path);
  if (known !== undefined) return known;
  const contentType = contentTypes[extname(path.replace(/\.(br|gz)$/, ""))];
  if (contentType === undefined || !/^(page|swagger-ui)\/[\w-][\w.-]*$/.test(path)) return undefined;
  try {
    const asset = { contentType, bytes: await readBuilt(path) };
    builtAssets.set(path, asset);
    return asset;
  } catch {
    return undefined;
  }
}
