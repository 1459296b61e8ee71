import { BoxcarError } from "../../base/errors.ts";
import { badKey } from "../key.ts";
import { objectExists, objectMisplaced, storeFailed, storeFull } from "../object-errors.ts";

/** The error code of a failed file operation, for example `ENOENT`. */
export function errnoOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** Whether a file operation failed because there is nothing under the path. */
export function isAbsent(cause: unknown): boolean {
  const code = errnoOf(cause);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** What a failed file operation on an object means to the users of a store. */
export function storeError(key: string, cause: unknown): BoxcarError {
  if (cause instanceof BoxcarError) return cause;
  switch (errnoOf(cause)) {
    case "ENOSPC":
    case "EDQUOT":
      return storeFull(key, cause);
    case "EEXIST":
    case "ENOTDIR":
      return objectExists(key, cause);
    case "ENAMETOOLONG":
      return badKey(key, "has a part that is too long for the file system", cause);
    case "ELOOP":
      return objectMisplaced(key, "leads through symbolic links in a circle", cause);
    default:
      return storeFailed(key, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
