import { observe } from "../../base/observe.ts";
import type { Store } from "../../base/ports.ts";
import type { AppMetrics } from "../app-metrics.ts";

/** A store whose calls are counted. */
export function measuredStore(store: Store, { storeCalls, storeReadBytes, storeWrittenBytes }: AppMetrics): Store {
  const counted = async <Result>(operation: string, call: Promise<Result>): Promise<Result> => {
    try {
      const result = await call;
      storeCalls.add({ operation, outcome: "done" });
      return result;
    } catch (error) {
      storeCalls.add({ operation, outcome: "failed" });
      throw error;
    }
  };
  return {
    put: async (key, body, size) => {
      const info = await counted("put", store.put(key, body, size));
      storeWrittenBytes.add({}, info.size);
      return info;
    },
    get: (key, span, ifMatch) =>
      observe(store.get(key, span, ifMatch), {
        chunk: (bytes) => storeReadBytes.add({}, bytes),
        end: (outcome) => storeCalls.add({ operation: "get", outcome }),
      }),
    ahead: (key) => store.ahead?.(key),
    head: (key) => counted("head", store.head(key)),
    delete: (key) => counted("delete", store.delete(key)),
    list: (prefix) => store.list(prefix),
    presign: store.presign,
  };
}
