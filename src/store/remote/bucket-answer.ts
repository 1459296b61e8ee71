import { RemoteError, type RemoteErrorKind } from "./remote-objects.ts";

const passing = new Set([
  "RequestTimeout",
  "SlowDown",
  "InternalError",
  "ConditionalRequestConflict",
  "OperationAborted",
]);
const full = new Set(["QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"]);

/**
 * What a refusal by S3 or OSS means.
 * @param code of the error XML; empty when there is none, as for HEAD
 */
export function kindOfRefusal(isRead: boolean, status: number, code: string): RemoteErrorKind {
  if (status === 412 || code === "PreconditionFailed") return isRead ? "changed" : "exists";
  if (code === "FileAlreadyExists") return "exists";
  if (status === 416) return "short";
  if (status === 404) return code === "NoSuchBucket" ? "refused" : "missing";
  if (status === 507 || full.has(code)) return "full";
  if (status === 408 || status === 429 || (status >= 500 && status !== 501) || passing.has(code)) return "again";
  return "refused";
}

/** Milliseconds of a `Retry-After` field in seconds (RFC 9110 section 10.2.3); 0 for none. */
export function retryAfterMs(field: string | null | undefined): number {
  const seconds = Number(field ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

/** An ETag without its quotes. */
export function etagOf(field: string | null | undefined): string {
  const etag = field?.replace(/^"(.*)"$/, "$1") ?? "";
  if (etag === "") throw new RemoteError("refused", "it does not state the object's ETag");
  return etag;
}
