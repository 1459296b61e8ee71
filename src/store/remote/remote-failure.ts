import { BoxcarError } from "../../base/errors.ts";
import { objectExists, objectMissing, storeFailed, storeFull } from "../object-errors.ts";
import { RemoteError } from "./remote-objects.ts";

/** What a failed request to a remote store means to the users of a store. Other BoxcarErrors pass. */
export function remoteFailure(key: string, cause: unknown): BoxcarError {
  if (cause instanceof BoxcarError) return cause;
  if (cause instanceof RemoteError) {
    if (cause.kind === "exists") return objectExists(key, cause);
    if (cause.kind === "missing") return objectMissing(key, cause);
    if (cause.kind === "full") return storeFull(key, cause);
  }
  return storeFailed(key, describe(cause), cause);
}

/** The innermost reason: libraries wrap what the network says ("fetch failed"). */
function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${describe(cause.cause)}` : cause.message;
}
