import { hex } from "../../base/bytes.ts";
import type { S3Settings, StoreCredentials } from "../../config/store-settings.ts";
import type { Digests } from "../remote/digests.ts";
import { isoBasic, scopeText, signatureOf, type SignatureScheme } from "../remote/signature-v4.ts";
import { encodeKey, encodeUri } from "../remote/uri.ts";

/** AWS Signature Version 4 of requests (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). */

const SCHEME: SignatureScheme = {
  ...{ algorithm: "AWS4-HMAC-SHA256", secretPrefix: "AWS4" },
  ...{ service: "s3", terminator: "aws4_request" },
};
const UNSIGNED: ReadonlySet<string> = new Set(["content-type", "content-length", "range"]);

/** What is signed of a request. */
export interface S3Request {
  readonly method: string;
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  /** By their names in lower case. Those that proxies may write anew are not signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The header fields that sign a request, with those it brought. */
export async function signedHeaders(
  { region }: Pick<S3Settings, "region">,
  { keyId, secret, sessionToken }: StoreCredentials,
  { method, url, query, headers: given, body }: S3Request,
  digests: Digests,
  nowMs: number,
): Promise<Record<string, string>> {
  const scope = { region, date: isoBasic(nowMs) };
  const payload = hex(await digests.sha256(body));
  const headers: Record<string, string> = {
    ...given,
    "x-amz-content-sha256": payload,
    "x-amz-date": scope.date,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ ...headers, host: url.host })
    .filter(([name]) => !UNSIGNED.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const canonical = [
    method,
    encodeKey(decodeURIComponent(url.pathname)),
    canonicalQuery(query),
    signed.map(([name, value]) => `${name}:${value.trim().replace(/ +/g, " ")}\n`).join(""),
    names,
    payload,
  ].join("\n");
  const signature = await signatureOf(SCHEME, secret, scope, canonical, digests);
  return {
    ...headers,
    authorization: `${SCHEME.algorithm} Credential=${keyId}/${scopeText(SCHEME, scope)}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** Here a name without a value has an equals sign. */
function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]): [string, string] => [encodeUri(name), encodeUri(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
