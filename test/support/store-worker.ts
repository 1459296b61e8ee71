/*
 * A Worker that lends a store: each request is one call of the port, its arguments are JSON in the field `call`, and a
 * refusal is answered with status 599. Not a test itself: bundled by worker-store.ts and run by workerd.
 */
import { BoxcarError } from "../../src/errors.ts";
import type { Store } from "../../src/platform.ts";
import type { StoreSettings } from "../../src/store-settings.ts";
import { chunksOf } from "../../src/store/chunks.ts";
import { openStore } from "../../src/store/open-store.ts";
import { ossFetchStore } from "../../src/store/oss-fetch.ts";
import { r2Store, type R2Bucket } from "../../src/store/r2.ts";
import { s3Store } from "../../src/store/s3.ts";

/** The arguments of one call. */
export interface StoreCall {
  readonly settings: StoreSettings;
  readonly partBytes: number;
  readonly name: "put" | "get" | "head" | "delete" | "list";
  readonly key: string;
  readonly size?: number | undefined;
  readonly span?: { readonly offset: number; readonly length: number };
  readonly ifMatch?: string | undefined;
}

const worker = {
  async fetch(request: Request, env: Readonly<Record<string, R2Bucket | undefined>>): Promise<Response> {
    const call = JSON.parse(request.headers.get("call") ?? "") as StoreCall;
    const options = { partBytes: call.partBytes };
    const store = await openStore(call.settings, {
      r2: ({ binding }) => r2Store(env[binding] as R2Bucket, options),
      oss: (settings) => ossFetchStore(settings, options),
      s3: (settings) => s3Store(settings, options),
    });
    try {
      return await answer(store, call, request);
    } catch (cause) {
      if (!(cause instanceof BoxcarError)) throw cause;
      const { error, status, message } = cause;
      return Response.json({ error, status, message }, { status: 599 });
    }
  },
};

async function answer(store: Store, call: StoreCall, request: Request): Promise<Response> {
  const { name, key, size, span = { offset: 0, length: 0 }, ifMatch } = call;
  if (name === "put") return Response.json(await store.put(key, chunksOf(request.body, request.signal), size));
  if (name === "head") return Response.json((await store.head(key)) ?? null);
  if (name === "delete") return Response.json((await store.delete(key)) ?? null);
  if (name === "list") {
    const infos = [];
    for await (const info of store.list(key)) infos.push(info);
    return Response.json(infos);
  }
  const chunks = store.get(key, span, ifMatch)[Symbol.asyncIterator]();
  const first = await chunks.next(); // so that a refusal still gets its status
  let next: typeof first | undefined = first;
  return new Response(
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = next ?? (await chunks.next());
        next = undefined;
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    }),
  );
}

// eslint-disable-next-line import-x/no-default-export -- workerd takes a Worker from the default export
export default worker;
