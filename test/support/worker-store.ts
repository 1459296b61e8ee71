/** Stores as a Worker opens them: the drivers run in workerd, the tests here. */
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { fileURLToPath } from "node:url";
import { BoxcarError } from "../../src/base/errors.ts";
import type { ByteSpan, ObjectInfo, Store } from "../../src/base/ports.ts";
import type { StoreSettings } from "../../src/config/store-settings.ts";
import { chunksOf } from "../../src/store/remote/chunks.ts";
import type { StoreCall } from "./store-worker.ts";

export interface StoreWorker {
  open(settings: StoreSettings): Store;
  close(): Promise<void>;
}

/** Starts workerd with the Worker and a bucket bound as MEDIA. */
export async function startStoreWorker(partBytes: number): Promise<StoreWorker> {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL("store-worker.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    conditions: ["worker"],
    target: "es2022",
    logLevel: "warning",
  });
  const miniflare = new Miniflare({
    modules: true,
    script: bundled.outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-01-01",
    r2Buckets: ["MEDIA"],
  });
  const url = await miniflare.ready;
  return {
    open: (settings) => new WorkerStore(url, settings, partBytes),
    close: () => miniflare.dispose(),
  };
}

class WorkerStore implements Store {
  readonly #url: URL;
  readonly #common: Pick<StoreCall, "settings" | "partBytes">;

  constructor(url: URL, settings: StoreSettings, partBytes: number) {
    this.#url = url;
    this.#common = { settings, partBytes };
  }

  async put(key: string, body: AsyncIterable<Uint8Array>, size?: number): Promise<ObjectInfo> {
    let fault: unknown;
    const chunks = body[Symbol.asyncIterator]();
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const chunk = await chunks.next();
          if (chunk.done === true) controller.close();
          else controller.enqueue(Uint8Array.from(chunk.value));
        } catch (cause) {
          fault = cause;
          controller.error(cause);
        }
      },
    });
    try {
      const response = await this.#call({ name: "put", key, size }, stream);
      return (await response.json()) as ObjectInfo;
    } catch (cause) {
      throw fault ?? cause;
    }
  }

  async *get(key: string, span: ByteSpan, ifMatch?: string): AsyncGenerator<Uint8Array, void, undefined> {
    const response = await this.#call({ name: "get", key, span, ifMatch });
    yield* chunksOf(response.body, new AbortController().signal);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const found = (await (await this.#call({ name: "head", key })).json()) as ObjectInfo | null;
    return found ?? undefined;
  }

  async delete(key: string): Promise<void> {
    await (await this.#call({ name: "delete", key })).arrayBuffer();
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, void, undefined> {
    yield* (await (await this.#call({ name: "list", key: prefix })).json()) as ObjectInfo[];
  }

  async #call(call: Omit<StoreCall, "settings" | "partBytes">, body?: ReadableStream<Uint8Array>): Promise<Response> {
    // Header fields are Latin-1, and half a surrogate pair must arrive as it is.
    const json = JSON.stringify({ ...this.#common, ...call }).replace(
      /[\u007f-\uffff]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    const init = { method: "POST", headers: { call: json }, ...(body === undefined ? {} : { body, duplex: "half" }) };
    const response = await fetch(this.#url, init);
    if (response.status === 200) return response;
    if (response.status !== 599) throw new Error(await response.text());
    const { code, message } = (await response.json()) as BoxcarError;
    throw new BoxcarError(code, message);
  }
}
