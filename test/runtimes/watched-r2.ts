/*
 * Stands between the worker and its R2 bucket, inside workerd: counts reads that are open, and breaks them off. Not a
 * test itself: bundled by worker-edge.ts.
 */
import type { R2Bucket } from "../../src/store/r2.ts";

type Env = Readonly<Record<string, unknown>>;

/** The worker's default export. */
interface Worker {
  fetch(request: Request, env: Env, context: unknown): Promise<Response>;
  scheduled(event: unknown, env: Env, context: unknown): void;
}

/** `GET` tells how many reads are open; with `?break=BYTES`, later reads are broken off after so many bytes. */
const PATH = "/watched-r2";

/** The worker, over a watched MEDIA bucket. */
export function watched(worker: Worker): Worker {
  let open = 0;
  let limit = Number.POSITIVE_INFINITY;

  function watchedBody(body: ReadableStream<Uint8Array>): Pick<ReadableStream<Uint8Array>, "getReader"> {
    let isOpen = true;
    open++;
    const close = (): void => {
      if (isOpen) open--;
      isOpen = false;
    };
    const getReader = (options: { mode: "byob" }): object => {
      const reader = body.getReader(options);
      let left = limit;
      return {
        read: async (view: Uint8Array<ArrayBuffer>) => {
          const next = await reader.read(view);
          left -= next.value?.length ?? 0;
          if (next.done || left < 0) close();
          if (left < 0) throw new Error("the connection to the bucket broke");
          return next;
        },
        cancel: async (reason: unknown) => {
          await reader.cancel(reason);
          close();
        },
      };
    };
    return { getReader: getReader as ReadableStream<Uint8Array>["getReader"] };
  }

  function watchedBucket(bucket: R2Bucket): R2Bucket {
    const get: R2Bucket["get"] = async (key, options) => {
      const found = await bucket.get(key, options);
      if (found === null || !("body" in found)) return found;
      const { size, etag, range } = found;
      const body = watchedBody(found.body) as ReadableStream<Uint8Array>;
      return { key, size, etag, body, ...(range === undefined ? {} : { range }) };
    };
    return new Proxy(bucket, {
      get: (target, name) => {
        const member: unknown = name === "get" ? get : Reflect.get(target, name);
        return typeof member === "function" ? (member.bind(target) as unknown) : member;
      },
    });
  }

  const over = (env: Env): Env => ({ ...env, MEDIA: watchedBucket(env.MEDIA as R2Bucket) });
  return {
    fetch: (request, env, context) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname !== PATH) return worker.fetch(request, over(env), context);
      limit = Number(searchParams.get("break") ?? limit);
      return Promise.resolve(new Response(String(open)));
    },
    scheduled: (event, env, context) => {
      worker.scheduled(event, over(env), context);
    },
  };
}
