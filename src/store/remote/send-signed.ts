import type { BucketAddress } from "../../config/store-settings.ts";
import type { RestRequest } from "./rest-objects.ts";

/** Sends a signed request by the runtime's own fetch. @param headers the signed ones */
export function sendSigned(
  url: string | URL,
  { method, body }: RestRequest,
  headers: Headers,
  signal: AbortSignal,
): Promise<Response> {
  // A content-coding would make ranges count other bytes. It is not signed: some runtimes write their own.
  headers.set("accept-encoding", "identity");
  return fetch(url, { method, headers, redirect: "manual", signal, ...(body === undefined ? {} : { body }) });
}

/** The URL of a bucket without a slash at the end. */
export function bucketUrl(bucket: string, { endpoint, style }: BucketAddress): string {
  const { protocol, host } = new URL(endpoint);
  if (style === "cname") return `${protocol}//${host}`;
  return style === "path" ? `${protocol}//${host}/${bucket}` : `${protocol}//${bucket}.${host}`;
}
