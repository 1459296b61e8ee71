import type { BucketAddress } from "../../config/store-settings.ts";
import type { RestRequest } from "./rest-objects.ts";
import type { Answer, Send } from "./send.ts";

/** Sends a signed request. @param headers the signed ones */
export function sendSigned(
  send: Send,
  url: string,
  { method, body }: RestRequest,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  // A content-coding would make ranges count other bytes. It is not signed: some runtimes write their own.
  const all = { ...headers, "accept-encoding": "identity" };
  return send(url, { method, headers: all, ...(body === undefined ? {} : { body }) }, signal);
}

/** The URL of a bucket without a slash at the end. */
export function bucketUrl(bucket: string, { endpoint, style }: BucketAddress): string {
  const { protocol, host } = new URL(endpoint);
  if (style === "cname") return `${protocol}//${host}`;
  return style === "path" ? `${protocol}//${host}/${bucket}` : `${protocol}//${bucket}.${host}`;
}
