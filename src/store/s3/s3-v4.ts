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
  /** Without its query. */
  readonly url: URL;
  readonly query: Readonly<Record<string, string>>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The header fields that sign a request, with those it brought. Those that proxies may write anew are not signed. */
export async function signedHeaders(
  { region }: Pick<S3Settings, "region">,
  { keyId, secret, sessionToken }: StoreCredentials,
  request: S3Request & { readonly body: Uint8Array<ArrayBuffer> },
  digests: Digests,
  nowMs: number,
): Promise<Record<string, string>> {
  const scope = { region, date: isoBasic(nowMs) };
  const payload = hex(await digests.sha256(request.body));
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-content-sha256": payload,
    "x-amz-date": scope.date,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = signedNames(headers).filter((name) => !UNSIGNED.has(name));
  const canonical = canonicalRequest({ ...request, headers }, names, payload);
  const signature = await signatureOf(SCHEME, secret, scope, canonical, digests);
  return {
    ...headers,
    authorization: `${SCHEME.algorithm} Credential=${keyId}/${scopeText(SCHEME, scope)}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

/** The query that signs a request, with what it brought. All header fields of the request are signed, its body is not. */
export async function signedQuery(
  { region }: Pick<S3Settings, "region">,
  { keyId, secret, sessionToken }: StoreCredentials,
  request: S3Request,
  seconds: number,
  digests: Digests,
  nowMs: number,
): Promise<Record<string, string>> {
  const scope = { region, date: isoBasic(nowMs) };
  const names = signedNames(request.headers);
  const query = {
    ...request.query,
    "X-Amz-Algorithm": SCHEME.algorithm,
    "X-Amz-Credential": `${keyId}/${scopeText(SCHEME, scope)}`,
    "X-Amz-Date": scope.date,
    "X-Amz-Expires": String(seconds),
    "X-Amz-SignedHeaders": names.join(";"),
    ...(sessionToken === undefined ? {} : { "X-Amz-Security-Token": sessionToken }),
  };
  const canonical = canonicalRequest({ ...request, query }, names, "UNSIGNED-PAYLOAD");
  return { ...query, "X-Amz-Signature": await signatureOf(SCHEME, secret, scope, canonical, digests) };
}

function signedNames(headers: Readonly<Record<string, string>>): string[] {
  return [...Object.keys(headers), "host"].sort();
}

function canonicalRequest(
  { method, url, query, headers }: S3Request,
  names: readonly string[],
  payload: string,
): string {
  const fields: Readonly<Record<string, string>> = { ...headers, host: url.host };
  return [
    method,
    encodeKey(decodeURIComponent(url.pathname)),
    canonicalQuery(query),
    names.map((name) => `${name}:${(fields[name] ?? "").trim().replace(/ +/g, " ")}\n`).join(""),
    names.join(";"),
    payload,
  ].join("\n");
}

/** Here a name without a value has an equals sign. */
function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]): [string, string] => [encodeUri(name), encodeUri(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
