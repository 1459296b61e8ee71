/**
 * How OSS checks who sends a request, written from its documentation and apart from the code that is tested:
 * header signatures of version 1 and 4, signed URLs and form policies of version 4.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export interface OssAccount {
  readonly bucket: string;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
  /** What temporary credentials come with. */
  readonly sessionToken?: string;
}

/** A request as far as its signature goes. */
export interface SignedParts {
  readonly method: string;
  /** Decoded; empty for the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A refusal: status, code and message of the error XML. */
export class OssRefusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const DAY = 86_400_000;
const SKEW = 15 * 60_000;

/** Which kind of signature a request bears. @throws OssRefusal when it is missing or wrong */
export function checkSignature(account: OssAccount, request: SignedParts): "v1" | "v4" | "url" {
  const authorization = field(request, "authorization");
  const token = request.query.get("x-oss-security-token") ?? field(request, "x-oss-security-token");
  if (token !== (account.sessionToken ?? "")) throw new OssRefusal(403, "InvalidSecurityToken");
  if (request.query.has("x-oss-signature")) {
    checkUrl(account, request);
    return "url";
  }
  if (authorization.startsWith("OSS4-HMAC-SHA256 ")) {
    checkV4(account, request, authorization);
    return "v4";
  }
  if (authorization.startsWith("OSS ")) {
    checkV1(account, request, authorization);
    return "v1";
  }
  throw new OssRefusal(403, "AccessDenied", "AnonymousAccess");
}

function checkV1(account: OssAccount, request: SignedParts, authorization: string): void {
  const [, keyId = "", signature = ""] = /^OSS ([^:]+):(.+)$/.exec(authorization) ?? [];
  const date = field(request, "x-oss-date") || field(request, "date");
  checkKeyId(account, keyId);
  checkClock(Date.parse(date));
  const oss = ossHeaders(request).map(([name, value]) => `${name}:${value}\n`);
  const signed = ["uploads", "uploadId", "partNumber", "continuation-token", "security-token", "response-content-type"];
  const sub = signed
    .filter((name) => request.query.has(name))
    .sort()
    .map((name) => (request.query.get(name) === "" ? name : `${name}=${request.query.get(name) ?? ""}`));
  const resource = `/${account.bucket}/${request.key}${sub.length === 0 ? "" : `?${sub.join("&")}`}`;
  const text = [request.method, field(request, "content-md5"), field(request, "content-type"), date, ""].join("\n");
  const expected = createHmac("sha1", account.secret)
    .update(text + oss.join("") + resource)
    .digest("base64");
  compare(expected, signature);
}

function checkV4(account: OssAccount, request: SignedParts, authorization: string): void {
  const fields = Object.fromEntries(
    authorization
      .slice("OSS4-HMAC-SHA256 ".length)
      .split(",")
      .map((part): [string, string] => {
        const at = part.indexOf("=");
        return [part.slice(0, at).trim(), part.slice(at + 1)];
      }),
  );
  const date = field(request, "x-oss-date");
  if (field(request, "x-oss-content-sha256") !== "UNSIGNED-PAYLOAD") throw new OssRefusal(400, "InvalidArgument");
  checkScope(account, fields.Credential ?? "", date);
  checkClock(timeOf(date));
  const additional = (fields.AdditionalHeaders ?? "").split(";").filter((name) => name !== "");
  compare(signV4(account, date, canonical(account, request, additional)), fields.Signature ?? "");
}

function checkUrl(account: OssAccount, request: SignedParts): void {
  const { query } = request;
  const get = (name: string): string => query.get(name) ?? "";
  if (get("x-oss-signature-version") !== "OSS4-HMAC-SHA256") throw new OssRefusal(400, "InvalidArgument");
  const date = get("x-oss-date");
  const seconds = Number(get("x-oss-expires"));
  checkScope(account, get("x-oss-credential"), date);
  if (!(seconds >= 1 && seconds * 1000 <= 7 * DAY)) throw new OssRefusal(400, "AuthorizationQueryParametersError");
  if (timeOf(date) + seconds * 1000 < Date.now()) throw new OssRefusal(403, "AccessDenied", "Request has expired.");
  const unsigned = new URLSearchParams(query);
  unsigned.delete("x-oss-signature");
  const additional = get("x-oss-additional-headers")
    .split(";")
    .filter((name) => name !== "");
  const text = canonical(account, { ...request, query: unsigned }, additional);
  compare(signV4(account, date, text), get("x-oss-signature"));
}

/** Checks a form's policy and signature. @param size bytes of its file */
export function checkForm(account: OssAccount, fields: ReadonlyMap<string, string>, size: number): void {
  const get = (name: string): string => fields.get(name) ?? "";
  const date = get("x-oss-date");
  if (get("x-oss-security-token") !== (account.sessionToken ?? "")) throw new OssRefusal(403, "InvalidSecurityToken");
  checkScope(account, get("x-oss-credential"), date);
  compare(createHmac("sha256", dayKey(account, date)).update(get("policy")).digest("hex"), get("x-oss-signature"));
  const policy = JSON.parse(Buffer.from(get("policy"), "base64").toString()) as {
    expiration: string;
    conditions: unknown[];
  };
  // 15 minutes after its date a form is refused, whatever its policy says.
  if (Date.parse(policy.expiration) - dateOf(date) > 900_000) throw new OssRefusal(403, "AccessDenied", "Too long.");
  if (Date.parse(policy.expiration) < Date.now()) throw new OssRefusal(403, "AccessDenied", "Policy expired.");
  const covered = new Set(["policy", "x-oss-signature", "file"]);
  for (const condition of policy.conditions) {
    if (Array.isArray(condition)) {
      const [kind, low, high] = condition as [string, number, number];
      if (kind !== "content-length-range") throw new OssRefusal(403, "InvalidPolicyDocument");
      if (size > high) throw new OssRefusal(400, "EntityTooLarge");
      if (size < low) throw new OssRefusal(400, "EntityTooSmall");
      continue;
    }
    for (const [name, value] of Object.entries(condition as Record<string, string>)) {
      covered.add(name);
      const given = name === "bucket" ? account.bucket : get(name);
      if (given !== value) throw new OssRefusal(403, "AccessDenied", `Invalid according to Policy: ${name}`);
    }
  }
  for (const name of fields.keys()) {
    if (!covered.has(name)) throw new OssRefusal(403, "AccessDenied", `Extra input fields: ${name}`);
  }
}

function checkKeyId({ keyId }: OssAccount, given: string): void {
  if (given !== keyId) throw new OssRefusal(403, "InvalidAccessKeyId");
}

function checkScope(account: OssAccount, credential: string, date: string): void {
  const [keyId = "", day, region, product, ending] = credential.split("/");
  checkKeyId(account, keyId);
  const isRight =
    day === date.slice(0, 8) && region === account.region && product === "oss" && ending === "aliyun_v4_request";
  if (!isRight) throw new OssRefusal(403, "SignatureDoesNotMatch", `credential scope ${credential}`);
}

function checkClock(ms: number): void {
  if (!(Math.abs(ms - Date.now()) <= SKEW)) throw new OssRefusal(403, "RequestTimeTooSkewed");
}

function timeOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function canonical({ bucket }: OssAccount, request: SignedParts, additional: readonly string[]): string {
  const always = (name: string): boolean =>
    name === "content-type" || name === "content-md5" || name.startsWith("x-oss-");
  const lines = Object.keys(request.headers)
    .filter((name) => always(name) || additional.includes(name))
    .sort()
    .map((name) => `${name}:${field(request, name).trim()}\n`);
  const query = [...request.query]
    .map(([name, value]): [string, string] => [encode(name), encode(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === "" ? name : `${name}=${value}`));
  return [
    request.method,
    encode(`/${bucket}/${request.key}`).replaceAll("%2F", "/"),
    query.join("&"),
    lines.join(""),
    additional.join(";"),
    "UNSIGNED-PAYLOAD",
  ].join("\n");
}

function signV4(account: OssAccount, date: string, request: string): string {
  const digest = createHash("sha256").update(request).digest("hex");
  const scope = `${date.slice(0, 8)}/${account.region}/oss/aliyun_v4_request`;
  return createHmac("sha256", dayKey(account, date))
    .update(["OSS4-HMAC-SHA256", date, scope, digest].join("\n"))
    .digest("hex");
}

function dayKey({ secret, region }: OssAccount, date: string): Buffer {
  return [date.slice(0, 8), region, "oss", "aliyun_v4_request"].reduce(
    (key, text) => createHmac("sha256", key).update(text).digest(),
    Buffer.from(`aliyun_v4${secret}`),
  );
}

function ossHeaders(request: SignedParts): [string, string][] {
  return Object.keys(request.headers)
    .filter((name) => name.startsWith("x-oss-"))
    .sort()
    .map((name) => [name, field(request, name).trim()]);
}

function field({ headers }: SignedParts, name: string): string {
  return String(headers[name] ?? "");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function compare(expected: string, given: string): void {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new OssRefusal(403, "SignatureDoesNotMatch");
}

/** Milliseconds since 1970 of `20260131T120000Z`. */
function dateOf(text: string): number {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
}
