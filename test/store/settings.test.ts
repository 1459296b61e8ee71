import { expect, it } from "vitest";
import { parseStore } from "../../src/config/store-settings.ts";
import { bucketUrl } from "../../src/store/remote/send-signed.ts";

const read = (url: string): ReturnType<typeof parseStore> =>
  parseStore({ url, keyId: "id", secret: "secret", sessionToken: "", source: "" });

/** Where the server asks, and where clients are sent. */
function addresses(url: string): string[] {
  const settings = read(url);
  if (!("bucket" in settings)) throw new Error(JSON.stringify(settings));
  const { bucket, presigned } = settings;
  return [bucketUrl(bucket, settings), bucketUrl(bucket, presigned ?? settings)];
}

it.each([
  ["oss://media?region=cn-hangzhou", ["https://media.oss-cn-hangzhou.aliyuncs.com"]],
  ["oss://media?region=oss-cn-hangzhou&cname=https://media.example.com", ["https://media.example.com"]],
  [
    "oss://media?region=cn-hangzhou&endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com&cname=https://media.example.com",
    ["https://media.oss-cn-hangzhou-internal.aliyuncs.com", "https://media.example.com"],
  ],
  [
    "oss://media?region=cn-hangzhou&endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com&public=https://oss-cn-hangzhou.aliyuncs.com",
    ["https://media.oss-cn-hangzhou-internal.aliyuncs.com", "https://media.oss-cn-hangzhou.aliyuncs.com"],
  ],
  [
    "s3://my.media?endpoint=http://10.0.0.5:9000&public=https://s3.example.com",
    ["http://10.0.0.5:9000/my.media", "https://s3.example.com/my.media"],
  ],
])("%s is asked and shown at %j", (url, expected) => {
  const [own, shown] = addresses(url);
  expect([own, shown]).toEqual([expected[0], expected[1] ?? expected[0]]);
});

it.each([
  ["oss://my.media?region=cn-hangzhou", "name of a bucket"],
  ["s3://my.media?region=eu-central-1", "style=path"],
  ["oss://media?region=cn-hangzhou&endpoint=http://10.0.0.5", "name of a host"],
  ["oss://media?region=cn-hangzhou&endpoint=http://[::1]:9000&style=path", "name of a host"],
  ["s3://media?endpoint=http://10.0.0.5:9000&style=virtual", "style=path"],
  ["oss://media?region=cn-hangzhou&cname=media.example.com", "cname to be an origin"],
  ["oss://media?region=cn-hangzhou&cname=https://a.example&public=https://b.example", "either cname or public"],
  ["oss://media?region=cn-hangzhou&cdn=https://a.example", "unknown parameter cdn"],
])("%s is refused: %s", (url, problem) => {
  expect(read(url)).toMatchObject({ problems: expect.arrayContaining([expect.stringContaining(problem)]) as unknown });
});
