/** Temporary credentials: fetched anew before they end, and never outlived by what they signed. */
import { createServer, type Server } from "node:http";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { credentialsFrom, fromEcsRole } from "../../src/store/remote/credential-sources.ts";
import { readCredentials, renewed } from "../../src/store/remote/credentials.ts";
import type { CredentialsSource, OssSettings } from "../../src/config/store-settings.ts";
import { ossFetchStore } from "../../src/store/oss/oss-fetch.ts";
import { ossStore } from "../../src/store/oss/oss.ts";
import { bodyOf } from "../conformance/store.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";

let folder: string;
let oss: OssServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-credentials-"));
  oss = await startOssServer();
});
afterAll(async () => {
  await oss.close();
  await rm(folder, { recursive: true });
});

/** The bucket takes these from now on, and no others. */
function issue(number: number, seconds: number): string {
  const account = { keyId: `STS.${number}`, secret: `secret-${number}`, sessionToken: `token-${number}` };
  Object.assign(oss.account, account);
  const Expiration = new Date(Date.now() + seconds * 1000).toISOString();
  const { keyId, secret, sessionToken } = account;
  return JSON.stringify({ AccessKeyId: keyId, AccessKeySecret: secret, SecurityToken: sessionToken, Expiration });
}
async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

function settings(source: CredentialsSource): OssSettings {
  const { bucket, region } = oss.account;
  const credentials = { keyId: "", secret: "", sessionToken: undefined };
  return { driver: "oss", bucket, region, endpoint: oss.endpoint, style: "path", credentials, source };
}

describe.each([
  ["ali-oss", "file", ossStore],
  ["signed fetch", "command", ossFetchStore],
] as const)("a bucket through %s", (name, from, open) => {
  it(`goes on with new credentials from a ${from}`, async () => {
    const path = join(folder, `${name} ${from}.json`);
    const source = { from, name: from === "file" ? path : `cat '${path}'` };
    await write(path, issue(1, 4)); // ends within the time that clocks may differ by
    const store = open(settings(source), { credentials: credentialsFrom(source) });
    const key = `${name}-${from}`;
    await expect(store.put(`${key}/0`, bodyOf(new Uint8Array(9)))).rejects.toMatchObject({
      code: "credentials_unavailable",
    });
    for (const [i, seconds] of [8, 3600].entries()) {
      await write(path, issue(i + 2, seconds));
      if (i === 1) await new Promise((resolve) => setTimeout(resolve, 3100)); // so long the first ones are kept
      await store.put(`${key}/${i + 1}`, bodyOf(new Uint8Array(9)));
    }
    expect(await store.head(`${key}/2`)).toMatchObject({ size: 9 });
    const { presign } = store;
    const asked = Date.now();
    for (const signed of [
      await presign?.get(`${key}/2`, 604_800),
      await presign?.put(`${key}/3`, { size: 1 }, 604_800),
    ])
      expect(signed?.expiresMs).toBeLessThanOrEqual(asked + 3_601_000);
    const link = await presign?.get(`${key}/2`, 604_800);
    expect((await fetch(link?.url ?? "")).status).toBe(200);
    expect(Number(new URL(link?.url ?? "").searchParams.get("x-oss-expires"))).toBeLessThanOrEqual(3600);
  });
});

describe("credentials from their source", () => {
  it("are read once for many, kept while they hold, and read again ten minutes before they end", async () => {
    let now = 0;
    let reads = 0;
    let failing = false;
    const current = renewed(
      () => {
        reads++;
        if (failing) return Promise.reject(new Error("down"));
        return Promise.resolve({ keyId: `k${reads}`, secret: "s", sessionToken: "t", expiresMs: now + 3_600_000 });
      },
      () => now,
    );
    const keys = await Promise.all([current(), current(), current()]);
    expect(keys.map(({ keyId }) => keyId)).toEqual(["k1", "k1", "k1"]);
    now = 2_999_000;
    expect([(await current()).keyId, reads]).toEqual(["k1", 1]);
    now = 3_000_000;
    failing = true;
    expect([(await current()).keyId, reads]).toEqual(["k1", 2]);
    now += 29_000;
    expect([(await current()).keyId, reads]).toEqual(["k1", 2]);
    now += 1000;
    expect([(await current()).keyId, reads]).toEqual(["k1", 3]);
    now = 3_596_000;
    await expect(current()).rejects.toThrow("down");
    failing = false;
    expect((await current()).keyId).toBe("k5");
  });

  it("are read again once a clock that was ahead is right", async () => {
    let now = 14 * 365 * 86_400_000;
    let reads = 0;
    const read = () => Promise.resolve({ keyId: `k${++reads}`, secret: "s", sessionToken: undefined });
    const current = renewed(read, () => now);
    expect((await current()).keyId).toBe("k1");
    now = 0;
    expect((await current()).keyId).toBe("k2");
    expect((await current()).keyId).toBe("k2");
  });

  it.each([
    ["", /AccessKeyId/],
    ["[]", /AccessKeyId/],
    ['{"AccessKeyId":"a"}', /AccessKeySecret/],
    ['{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c"}', /Expiration/],
    ['{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c","Expiration":"2020-01-01T00:00:00Z"}', /expired/],
  ])("of %s are refused, and not shown", (text, message) => {
    expect(() => readCredentials(text, Date.now())).toThrow(message);
  });

  it("may be written as AWS has it, and without an end when they have none", () => {
    const aws = {
      Version: 1,
      AccessKeyId: "a",
      SecretAccessKey: "b",
      SessionToken: "c",
      Expiration: "2026-01-31T10:00:00Z",
    };
    const expiresMs = Date.parse(aws.Expiration);
    const temporary = { keyId: "a", secret: "b", sessionToken: "c", expiresMs };
    expect(readCredentials(JSON.stringify(aws), 0)).toEqual(temporary);
    const lasting = readCredentials('{"AccessKeyId":"a","AccessKeySecret":"b"}', 0);
    expect(lasting).toEqual({ keyId: "a", secret: "b", sessionToken: undefined });
  });

  it.each([
    ["command:", false],
    ["file:", false],
    ["http://100.100.100.200", false],
    ["ecs:../x", false],
    ["ecs:", true],
    ["ecs:MyRole", true],
    ["command:aliyun-sts --json", true],
  ])("named %s: %s", (BOXCAR_STORE_CREDENTIALS, isTaken) => {
    const read = () => readConfig({ BOXCAR_STORE: "oss://media?region=cn-hangzhou", BOXCAR_STORE_CREDENTIALS });
    if (isTaken) expect(read().store).toHaveProperty("source");
    else expect(read).toThrow(/BOXCAR_STORE_CREDENTIALS/);
  });

  it("say nothing of a failing command's output", async () => {
    const current = credentialsFrom({ from: "command", name: "echo top-secret; echo top-secret >&2; exit 3" });
    const failure: unknown = await current().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "credentials_unavailable" });
    expect(JSON.stringify([String(failure), (failure as Error).cause ?? ""])).not.toContain("top-secret");
  });
});

describe("the role of an ECS instance", () => {
  let service: Server;
  let asked: string[];
  let answer: (path: string) => { status?: number; body?: string; location?: string };
  let origin: string;
  beforeAll(async () => {
    service = createServer((request, response) => {
      const { url = "", method = "", headers } = request;
      asked.push(`${method} ${url}`);
      if (method === "PUT" && url === "/latest/api/token") {
        const isRight = Number(headers["x-aliyun-ecs-metadata-token-ttl-seconds"]) > 0;
        response.writeHead(isRight ? 200 : 400).end("metadata-token");
        return;
      }
      const isKnown = headers["x-aliyun-ecs-metadata-token"] === "metadata-token";
      const { status = 200, body = "", location } = isKnown ? answer(url) : { status: 403 };
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => service.close(resolve)));

  const list = "/latest/meta-data/ram/security-credentials/";

  it("is found and asked with a token", async () => {
    asked = [];
    const text = issue(9, 3600);
    answer = (path) => ({ body: path === list ? "EcsRamRole\n" : text });
    expect(await fromEcsRole("", origin)).toMatchObject({ keyId: "STS.9", sessionToken: "token-9" });
    expect(asked).toEqual(["PUT /latest/api/token", `GET ${list}`, `GET ${list}EcsRamRole`]);
    asked = [];
    expect(await fromEcsRole("Other.Role-1", origin)).toMatchObject({ keyId: "STS.9" });
    expect(asked.at(-1)).toBe(`GET ${list}Other.Role-1`);
  });

  it.each([
    ["no role", () => ({ status: 404 })],
    ["a name that is none", () => ({ body: "../../x" })],
    ["another place", () => ({ status: 302, location: `${list}x` })],
    ["more than it should", () => ({ body: "x".repeat(100_000) })],
  ])("that answers with %s is refused", async (_, answers) => {
    asked = [];
    answer = answers;
    await expect(fromEcsRole("", origin)).rejects.toMatchObject({ code: "credentials_unavailable" });
    expect(asked).toEqual(["PUT /latest/api/token", `GET ${list}`]);
  });
});
