import { AwsV4Signer } from "aws4fetch";
import { expect, test } from "vitest";
import { webDigests } from "../../src/store/remote/digests.ts";
import { objectUrl } from "../../src/store/remote/uri.ts";
import { signedHeaders } from "../../src/store/s3/s3-v4.ts";
import { random, seedOf, type Random } from "../support/random.ts";

const BASE = "https://films.example.com:9000/bucket";
const REGION = "eu-central-1";
const LETTERS = Array.from("abz09-_.~ !'()*+%&=#?/@:äß录像");
const source = random(seedOf(1));

function text(numbers: Random): string {
  return Array.from({ length: 1 + numbers.below(12) }, () => numbers.pick(LETTERS)).join("");
}

/** A request, and the settings of another signer for the same one at the same time. */
function drawn(nowMs: number) {
  const key = `a${text(source)}`;
  const query: Record<string, string> =
    source.below(2) === 0 ? {} : { "response-content-type": `video/${text(source)}` };
  const headers: Record<string, string> =
    source.below(2) === 0 ? {} : { "content-length": "7", "content-type": "video/mp4", "if-none-match": "*" };
  const sessionToken = source.below(2) === 0 ? undefined : `a+/${source.below(1e6)}==`;
  const credentials = { keyId: "key", secret: text(source), sessionToken };
  const request = { method: source.pick(["GET", "PUT"]), url: new URL(objectUrl(BASE, key, {})), query, headers };
  const other = {
    method: request.method,
    ...{ service: "s3", region: REGION, accessKeyId: "key", secretAccessKey: credentials.secret },
    ...(sessionToken === undefined ? {} : { sessionToken }),
    datetime: new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, ""),
  };
  return { key, credentials, request, other };
}

test(`header fields are signed as aws4fetch signs them (seed ${source.seed})`, async () => {
  for (let round = 0; round < 200; round++) {
    const nowMs = Date.UTC(2026, 0, 1) + round * 86_400_123;
    const { key, credentials, request, other } = drawn(nowMs);
    const body = source.bytes(source.below(20));
    const ours = await signedHeaders({ region: REGION }, credentials, { ...request, body }, webDigests, nowMs);
    const { authorization, "x-amz-date": date, "x-amz-security-token": token, ...headers } = ours;
    const url = objectUrl(BASE, key, request.query);
    const theirs = (await new AwsV4Signer({ ...other, url, headers }).sign()).headers;
    expect([authorization, date, token ?? null]).toEqual(
      ["authorization", "x-amz-date", "x-amz-security-token"].map((name) => theirs.get(name)),
    );
  }
});
