import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../../src/http/app.ts";
import type { Segment } from "../../src/catalog/types.ts";
import { readConfig } from "../../src/config/config.ts";
import { httpServer } from "../../src/runtime/node/http-server.ts";
import { openNodeParts, type NodeParts } from "../../src/runtime/node/node-parts.ts";
import type { AppPlatform } from "../../src/http/context.ts";
import { nodePeerAddress } from "../../src/runtime/node/node-peer.ts";
import { startRecording } from "../../src/runtime/node/start-recorder.ts";
import { nodeSendStream } from "../../src/runtime/node/node-send.ts";
import { pictureDecoder } from "../../src/runtime/ffmpeg/picture-decoder.ts";
import { remoteFiles } from "../../src/runtime/outbound/remote-files.ts";

/** The real app on a real socket over a data folder of its own. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly parts: NodeParts;
  /** Messages and fields of what was logged at level warn and above. */
  readonly logged: { message: string; fields: Record<string, unknown> | undefined }[];
  /** All that was logged, of every level. */
  readonly lines: { level: string; message: string; fields: Record<string, unknown> | undefined }[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The status and JSON of a call. */
  call(path: string, init?: RequestInit): Promise<{ status: number; json: Reply }>;
  close(): Promise<void>;
}

/** Any JSON reply of the API. */
export interface Reply {
  readonly code: number;
  readonly message: string;
  readonly error?: string;
  readonly total?: number;
  readonly data?: unknown;
  readonly [field: string]: unknown;
}

/**
 * @param overrides parts that a test puts in the place of the real ones
 * @param given a data folder that is there already; it is removed at the end, too
 */
export async function startTestServer(
  env: Record<string, string> = {},
  overrides: Partial<NodeParts & Pick<AppPlatform, "decoder" | "openRemote"> & { recoverMs: number }> = {},
  given?: string,
): Promise<TestServer> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), "boxcar-app-")));
  const config = readConfig({ BOXCAR_TZ: "UTC", ...env, BOXCAR_DATA: folder });
  const opened = await openNodeParts(config);
  const parts = { ...opened, ...overrides };
  const logged: TestServer["logged"] = [];
  const lines: TestServer["lines"] = [];
  const log = (level: string, message: string, fields?: Record<string, unknown>): void => {
    lines.push({ level, message, fields });
    if (level === "warn" || level === "error") logged.push({ message, fields });
  };
  const recording = startRecording(parts, config, log, overrides.recoverMs);
  const app = createApp({
    recording,
    decoder: pictureDecoder({ memory: config.decoderMemory, log }),
    openRemote: remoteFiles({ hosts: config.fetchHosts }),
    ...parts,
    runtime: "node",
    config,
    log,
    sendStream: nodeSendStream(log, config.rates.downloads),
    peerAddress: nodePeerAddress,
    asset: () => Promise.resolve(undefined),
  });
  recording.begin();
  const server = httpServer(app.fetch, config);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    port,
    folder,
    parts,
    logged,
    lines,
    fetch: (path, init) => fetch(url + path, init),
    call: async (path, init) => {
      const response = await fetch(url + path, init);
      return { status: response.status, json: (await response.json()) as Reply };
    },
    close: async () => {
      await recording.close(5000);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await opened.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Puts an object and a ready row into the catalog without looking at the bytes: for tests of what lies around them. */
export async function addSegment(
  { store, catalog }: NodeParts,
  segment: Pick<Segment, "streamPath" | "startMs" | "endMs"> & Partial<Pick<Segment, "format">>,
  bytes: Uint8Array,
): Promise<Segment> {
  const { streamPath, startMs, endMs, format = "mp4" } = segment;
  const key = `segments/${streamPath}/${startMs}-${randomUUID()}.mp4`;
  const { id } = await catalog.beginSegment({ streamPath, key, nowMs: startMs });
  const { size, etag } = await store.put(key, chunksOf(bytes));
  const summary = new Uint8Array([1]);
  const ready = { startMs, endMs, format, codecs: "avc1.64001f", size, etag, summary, index: summary };
  return catalog.completeSegment(id, ready);
}

/** Bytes as a stream, in chunks of `length`. */
export async function* chunksOf(bytes: Uint8Array, length = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.subarray(at, at + length));
}
