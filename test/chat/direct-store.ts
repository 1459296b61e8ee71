import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Presign, Store } from "../../src/base/ports.ts";
import type { FileStore } from "../../src/store/file/file.ts";

/** A folder as a store that clients may write to themselves: signed requests over HTTP, held to the size they name. */
export interface DirectStore {
  readonly store: Store;
  close(): Promise<void>;
}

export async function startDirectStore(files: FileStore): Promise<DirectStore> {
  const expected = new Map<string, { key: string; size: number }>();
  const server = createServer((request, response) => {
    const wanted = expected.get(request.url ?? "");
    if (wanted === undefined || Number(request.headers["content-length"]) > wanted.size) {
      response.writeHead(403).end();
      return;
    }
    files.put(wanted.key, request as AsyncIterable<Uint8Array>).then(
      () => response.writeHead(200).end(),
      () => response.writeHead(409).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sign = (method: "PUT" | "POST", key: string, size: number, seconds: number) => {
    const path = `/${method}/${encodeURIComponent(key)}`;
    expected.set(path, { key, size });
    const expiresMs = Date.now() + seconds * 1000;
    return Promise.resolve({ method, url: `http://127.0.0.1:${port}${path}`, fields: {}, expiresMs });
  };
  const presign: Presign = {
    put: (key, { size }, seconds) => sign("PUT", key, size, seconds),
    get: () => Promise.reject(new Error("not used")),
    form: (key, { maxSize }, seconds) => sign("POST", key, maxSize, seconds),
  };
  return {
    store: {
      put: (key, body, size) => files.put(key, body, size),
      get: (key, span, ifMatch) => files.get(key, span, ifMatch),
      head: (key) => files.head(key),
      delete: (key) => files.delete(key),
      list: (prefix) => files.list(prefix),
      presign,
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
