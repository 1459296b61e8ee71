/*
 * A Worker that lends a store: each request is one call of the port, its arguments are JSON in the field `call`, and a
 * refusal is answered with status 599. Not a test itself: bundled by worker-store.ts and run by workerd.
 */
import { BoxcarError } from "../../src/base/errors.ts";
import type { ObjectInfo, Store } from "../../src/base/ports.ts";
import type { StoreSettings } from "../../src/config/store-settings.ts";
import { openStore } from "../../src/store/open-store.ts";
import { ossFetchStore } from "../../src/store/oss/oss-fetch.ts";
import { r2Store, type R2Bucket } from "../../src/store/r2.ts";
import { s3Store } from "../../src/store/s3/s3.ts";

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
      r2: ({ binding }) => r2Store(bound(env, binding), options),
      oss: (settings) => ossFetchStore(settings, options),
      s3: (settings) => s3Store(settings, options),
    });
    try {
      return await answer(store, call, request);
    } catch (cause) {
      if (!(cause instanceof BoxcarError)) throw cause;
      const { code, message } = cause;
      return Response.json({ code, message }, { status: 599 });
    }
  },
};

function bound(env: Readonly<Record<string, R2Bucket | undefined>>, binding: string): R2Bucket {
  const bucket = env[binding];
  if (bucket === undefined) throw new Error(`nothing is bound as ${binding}`);
  return bucket;
}

/** Puts the body; reads it to its end also when it is refused, since an answer before that end may get lost. */
async function putWhole(store: Store, { key, size }: StoreCall, request: Request): Promise<ObjectInfo> {
  const reader = (request.body ?? new Blob([]).stream()).getReader();
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) yield chunk.value;
  }
  try {
    return await store.put(key, chunks(), size);
  } catch (cause) {
    for await (const chunk of chunks()) if (chunk.length === 0) break;
    throw cause;
  }
}

async function answer(store: Store, call: StoreCall, request: Request): Promise<Response> {
  const { name, key, span = { offset: 0, length: 0 }, ifMatch } = call;
  if (name === "put") return Response.json(await putWhole(store, call, request));
  if (name === "head") return Response.json((await store.head(key)) ?? null);
  if (name === "delete") {
    await store.delete(key);
    return Response.json(null);
  }
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
        const chunk = next ?? (await chunks.next());
        next = undefined;
        if (chunk.done === true) controller.close();
        else controller.enqueue(Uint8Array.from(chunk.value)); // the store uses its buffer again
      },
      async cancel() {
        await chunks.return?.();
      },
    }),
  );
}

// eslint-disable-next-line import-x/no-default-export -- workerd takes a Worker from the default export
export default worker;
