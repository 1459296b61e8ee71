/** Who may do what, on every runtime: one catalog, one bucket, the same secrets. */
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { sqldPath, startSqld, type Sqld } from "../support/sqld.ts";
import { startBucket, type Bucket } from "./bucket.ts";
import { auth, token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge } from "./edges.ts";
import { bundleWorker, startWorker } from "./worker-edge.ts";

const onServers = servers.filter(isInstalled);
const names = [...onServers, "worker"] as const;
type Name = (typeof names)[number];

const origin = "https://app.example.org";
const linkSecret = "secret-of-signed-links-of-32-characters";
const narrow = "a-token-for-some-streams";
const issuer = "https://id.example/";
const path = `/mp4/download/live/cam.mp4?start=${RECORDED_AT}&duration=1s`;

let folder: string;
let sqld: Sqld;
let bucket: Bucket;
let provider: Server;
let key: CryptoKey;
const edges = new Map<Name, Edge>();

/** Publishes a key as an identity provider does. */
async function startProvider(): Promise<string> {
  const pair = await generateKeyPair("ES256", { extractable: true });
  key = pair.privateKey;
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: "one", alg: "ES256", use: "sig" }];
  provider = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(provider.address() as AddressInfo).port}/keys`;
}

const jwt = (scope: string, over: { aud?: string; signer?: CryptoKey } = {}): Promise<string> =>
  new SignJWT({ scope, sub: "anna" })
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .setIssuer(issuer)
    .setAudience(over.aud ?? "boxcar")
    .setExpirationTime("1h")
    .sign(over.signer ?? key);

describe.skipIf(sqldPath === undefined)("on every runtime", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-runtime-access-"));
    [sqld, bucket] = await Promise.all([startSqld(join(folder, "sqld")), startBucket()]);
    const env = {
      ...{ BOXCAR_CATALOG: sqld.url, ...bucket.env, BOXCAR_TOKEN: token, BOXCAR_LINK_SECRET: linkSecret },
      BOXCAR_TOKENS: JSON.stringify([{ name: "narrow", scopes: ["read:other/*"], token: narrow }]),
      ...{ BOXCAR_JWT_JWKS: await startProvider(), BOXCAR_JWT_ISSUER: issuer, BOXCAR_JWT_AUDIENCE: "boxcar" },
      ...{ BOXCAR_CORS_ORIGINS: origin, BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "1000" },
    };
    for (const name of onServers) edges.set(name, await startEdge(name, { ...env, BOXCAR_DATA: join(folder, name) }));
    edges.set("worker", await startWorker(await bundleWorker(join(folder, "worker")), env));
    const [segment] = await record({ count: 1, seconds: 2 });
    await upload(urlOf("node"), "live/cam", RECORDED_AT, await readFile(segment?.file ?? ""));
  });
  afterAll(async () => {
    await Promise.all([...edges.values()].map((edge) => edge.stop()));
    await sqld.kill();
    await bucket.close();
    await new Promise((resolve) => provider.close(resolve));
    await rm(folder, { recursive: true });
  });

  const urlOf = (name: Name): string => edges.get(name)?.url ?? "";
  const as = (bearer: string): Record<string, string> => ({ ...auth, authorization: `Bearer ${bearer}` });
  const statusOf = async (link: string, headers: Record<string, string> = {}, method = "GET"): Promise<number> => {
    const response = await fetch(link, { method, headers: { connection: "close", ...headers } });
    await response.arrayBuffer();
    return response.status;
  };

  describe.each(names)("%s", (name) => {
    it("checks JWTs with the provider's keys, also many at once before it has them", async () => {
      const good = await jwt("read:live/*");
      const many = Array.from({ length: 12 }, () => statusOf(urlOf(name) + path, as(good)));
      expect(await Promise.all(many)).toEqual(Array(12).fill(200));
      const { privateKey } = await generateKeyPair("ES256");
      for (const bad of [await jwt("admin", { aud: "other" }), await jwt("admin", { signer: privateKey }), `${good}x`])
        expect(await statusOf(urlOf(name) + path, as(bad))).toBe(401);
      expect(await statusOf(urlOf(name) + path, as(await jwt("read:other/*")))).toBe(403);
    });

    it("lets tokens do what their scopes cover", async () => {
      expect(await statusOf(urlOf(name) + path, as(token))).toBe(200);
      expect(await statusOf(urlOf(name) + path, as(narrow))).toBe(403);
      const response = await fetch(`${urlOf(name)}/mp4/api/catalog`, { headers: as(narrow) });
      expect(await response.json()).toMatchObject({ data: [] });
      expect(response.headers.get("ratelimit-policy")).toBe('"token";q=1000;w=60');
    });

    it("gives links that all others take, in parts too, and none takes when they are altered", async () => {
      const response = await fetch(`${urlOf(name)}${path}&share=1`, { headers: auth });
      const { url } = ((await response.json()) as { data: { url: string } }).data;
      const link = url.slice(new URL(url).origin.length);
      for (const other of names) {
        expect(await statusOf(urlOf(other) + link), other).toBe(200);
        expect(await statusOf(urlOf(other) + link, { range: "bytes=5-9" }), other).toBe(206);
        expect(await statusOf(urlOf(other) + link, {}, "HEAD"), other).toBe(200);
        expect(await statusOf(urlOf(other) + link.replace("live/cam", "live/cam2")), other).toBe(403);
        expect(await statusOf(`${urlOf(other)}${link}&gaps=keep`), other).toBe(403);
      }
    });

    it("answers pages of listed origins, on streamed replies too", async () => {
      const asked = { origin, "access-control-request-method": "PUT", connection: "close" };
      const preflight = await fetch(urlOf(name) + path, { method: "OPTIONS", headers: asked });
      expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
      const streamed = await fetch(urlOf(name) + path, { headers: { ...auth, origin } });
      await streamed.arrayBuffer();
      expect(streamed.headers.get("access-control-allow-origin")).toBe(origin);
      expect(streamed.headers.get("access-control-expose-headers")).toContain("Content-Range");
      expect(streamed.headers.get("vary")).toBe("Origin");
      const evil = await fetch(urlOf(name) + path, { headers: { ...auth, origin: "https://evil.example" } });
      await evil.arrayBuffer();
      expect(evil.headers.get("access-control-allow-origin")).toBeNull();
    });

    it("says which methods a path has", async () => {
      const response = await fetch(`${urlOf(name)}/mp4/api/catalog`, { method: "DELETE", headers: auth });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      await response.arrayBuffer();
    });

    it("tells in its log who did what, and no secret", async () => {
      expect(await statusOf(`${urlOf(name)}/mp4/api/delete/live/cam?ids=999`, as(token), "POST")).toBe(404);
      expect(await statusOf(`${urlOf(name)}/mp4/api/catalog?token=${token}`)).toBe(401);
      const log = (): string => edges.get(name)?.log.join("\n") ?? "";
      await expect.poll(() => log().includes('"/mp4/api/delete/live/cam"')).toBe(true);
      const line = log()
        .split("\n")
        .find((text) => text.includes('"audit"') && text.includes("not_recorded"));
      const caller = { caller: "BOXCAR_TOKEN", kind: "token", scope: "delete", streamPath: "live/cam", status: 404 };
      expect(JSON.parse(line ?? "{}")).toMatchObject({ outcome: "not_recorded", ...caller });
      for (const secret of [token, narrow, linkSecret, "signature", "eyJ"]) expect(log()).not.toContain(secret);
    });
  });
});
