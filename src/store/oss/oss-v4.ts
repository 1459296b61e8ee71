import { base64 } from "../../base/base64.ts";
import { hex } from "../../base/bytes.ts";
import type { OssSettings } from "../../config/store-settings.ts";
import { hmacOf, webDigests, type Digests } from "../remote/digests.ts";
import {
  isoBasic,
  scopeText,
  signatureOf,
  signingKey,
  type SignatureScheme,
  type SigningScope,
} from "../remote/signature-v4.ts";
import { encodeKey, encodeQuery } from "../remote/uri.ts";

/*
 * OSS Signature Version 4
 * (https://help.aliyun.com/zh/oss/developer-reference/recommend-to-use-signature-version-4) for what ali-oss does not send.
 * Bodies are not signed: `UNSIGNED-PAYLOAD` is what OSS wants.
 */

const SCHEME: SignatureScheme = {
  ...{ algorithm: "OSS4-HMAC-SHA256", secretPrefix: "aliyun_v4" },
  ...{ service: "oss", terminator: "aliyun_v4_request" },
};
const utf8 = new TextEncoder();

/** What is signed of a request. */
export interface OssRequest {
  readonly method: string;
  /** Empty for requests about the bucket. */
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
  /** By their names in lower case. `content-type`, `content-md5` and all that start with `x-oss-` are signed. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The header fields that sign a request, with those it brought. */
export async function signedHeaders(
  settings: OssSettings,
  request: OssRequest,
  nowMs: number,
  digests: Digests = webDigests,
): Promise<Record<string, string>> {
  const { keyId, sessionToken } = settings.credentials;
  const scope = { region: settings.region, date: isoBasic(nowMs) };
  const headers = {
    ...request.headers,
    "x-oss-date": scope.date,
    "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
    ...(sessionToken === undefined ? {} : { "x-oss-security-token": sessionToken }),
  };
  const signature = await sign(settings, scope, canonical(settings, { ...request, headers }, []), digests);
  return {
    ...headers,
    authorization: `${SCHEME.algorithm} Credential=${keyId}/${scopeText(SCHEME, scope)},Signature=${signature}`,
  };
}

/** The query that signs a request, with what it brought. All header fields of the request are signed. */
export async function signedQuery(
  settings: OssSettings,
  request: OssRequest,
  seconds: number,
  nowMs: number,
): Promise<Record<string, string>> {
  const { keyId, sessionToken } = settings.credentials;
  const scope = { region: settings.region, date: isoBasic(nowMs) };
  const additional = Object.keys(request.headers)
    .filter((name) => !isAlwaysSigned(name))
    .sort();
  const query = {
    ...request.query,
    ...(additional.length === 0 ? {} : { "x-oss-additional-headers": additional.join(";") }),
    "x-oss-signature-version": SCHEME.algorithm,
    "x-oss-credential": `${keyId}/${scopeText(SCHEME, scope)}`,
    "x-oss-date": scope.date,
    "x-oss-expires": String(seconds),
    ...(sessionToken === undefined ? {} : { "x-oss-security-token": sessionToken }),
  };
  const signature = await sign(settings, scope, canonical(settings, { ...request, query }, additional));
  return { ...query, "x-oss-signature": signature };
}

/**
 * The fields of a form that writes one object
 * (https://help.aliyun.com/zh/oss/developer-reference/signature-version-4-recommend).
 * @param conditions what the form's fields must be, as a policy states it; the signing fields are added
 */
export async function signedForm(
  settings: OssSettings,
  fields: Readonly<Record<string, string>>,
  conditions: readonly unknown[],
  seconds: number,
  nowMs: number,
): Promise<Record<string, string>> {
  const { keyId, sessionToken } = settings.credentials;
  const scope = { region: settings.region, date: isoBasic(nowMs) };
  const signing = {
    "x-oss-signature-version": SCHEME.algorithm,
    "x-oss-credential": `${keyId}/${scopeText(SCHEME, scope)}`,
    "x-oss-date": scope.date,
    ...(sessionToken === undefined ? {} : { "x-oss-security-token": sessionToken }),
  };
  const all = { ...fields, ...signing };
  const text = JSON.stringify({
    expiration: new Date(nowMs + seconds * 1000).toISOString(),
    conditions: [...Object.entries(all).map(([name, value]) => ({ [name]: value })), ...conditions],
  });
  const policy = base64(utf8.encode(text));
  const signature = hex(
    await hmacOf(webDigests, await signingKey(SCHEME, settings.credentials.secret, scope, webDigests), policy),
  );
  return { ...all, policy, "x-oss-signature": signature };
}

function isAlwaysSigned(name: string): boolean {
  return name === "content-type" || name === "content-md5" || name.startsWith("x-oss-");
}

function canonical(
  { bucket }: OssSettings,
  { method, key, query, headers }: OssRequest,
  additional: readonly string[],
): string {
  const names = Object.keys(headers).filter((name) => isAlwaysSigned(name) || additional.includes(name));
  const lines = names.sort().map((name) => `${name}:${(headers[name] ?? "").trim()}\n`);
  return [
    method,
    `/${bucket}/${encodeKey(key)}`,
    encodeQuery(query),
    lines.join(""),
    additional.join(";"),
    headers["x-oss-content-sha256"] ?? "UNSIGNED-PAYLOAD",
  ].join("\n");
}

function sign(
  { credentials }: OssSettings,
  scope: SigningScope,
  request: string,
  digests = webDigests,
): Promise<string> {
  return signatureOf(SCHEME, credentials.secret, scope, request, digests);
}
