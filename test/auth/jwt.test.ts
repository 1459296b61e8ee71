import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTPayload } from "jose";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";

const secret = "an HS256 secret of at least 32 bytes";
const issuer = "https://id.example/";
const audience = "boxcar";
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;
const claims = (over: Record<string, unknown> = {}): JWTPayload => ({
  ...{ iss: issuer, aud: audience, sub: "anna", exp: inAnHour(), scope: "openid read:live/* upload profile" },
  ...over,
});

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
let rsa: Keys, ec: Keys, ed: Keys, unpublished: Keys;
let provider: { server: Server; url: string; keys: JWK[]; status: number; body: string | undefined; asked: number };
let server: TestServer;

beforeAll(async () => {
  const pair = (alg: string): Promise<Keys> => generateKeyPair(alg, { extractable: true });
  [rsa, ec, ed, unpublished] = await Promise.all([pair("RS256"), pair("ES256"), pair("EdDSA"), pair("ES256")]);
  const published = async (keys: Keys, kid: string, alg: string): Promise<JWK> => ({
    ...(await exportJWK(keys.publicKey)),
    ...{ kid, alg, use: "sig" },
  });
  const keys = [await published(rsa, "rsa", "RS256"), await published(ec, "ec", "ES256")];
  keys.push(await published(ed, "ed", "EdDSA"));
  const listener = createServer((_, response) => {
    provider.asked++;
    response.writeHead(provider.status, { "content-type": "application/json" });
    response.end(provider.body ?? JSON.stringify({ keys: provider.keys }));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`;
  provider = { server: listener, url, keys, status: 200, body: undefined, asked: 0 };
  server = await start();
});
afterAll(async () => {
  await server.close();
  provider.server.closeAllConnections();
  await new Promise((resolve) => provider.server.close(resolve));
});
afterEach(() => {
  provider.status = 200;
  provider.body = undefined;
  vi.useRealTimers();
});

async function start(env: Record<string, string> = {}, clock?: () => number): Promise<TestServer> {
  const variables = {
    BOXCAR_JWT_SECRET: secret,
    BOXCAR_JWT_JWKS: provider.url,
    BOXCAR_JWT_ISSUER: issuer,
    BOXCAR_JWT_AUDIENCE: audience,
    ...env,
  };
  const started = await startTestServer(variables, clock === undefined ? {} : { clock });
  await addSegment(started.parts, { streamPath: "live/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
  await addSegment(started.parts, { streamPath: "secret/cam", startMs: 0, endMs: 1000 }, new Uint8Array(9));
  return started;
}

const signed = (payload: JWTPayload, alg: string, key: Parameters<SignJWT["sign"]>[0], kid?: string): Promise<string> =>
  new SignJWT(payload).setProtectedHeader(kid === undefined ? { alg } : { alg, kid }).sign(key);
const hs256 = (payload: JWTPayload, key = secret): Promise<string> =>
  signed(payload, "HS256", new TextEncoder().encode(key));
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The status, error and sentence of a download of live/cam with a token. */
async function ask(token: string, on = server, path = "/mp4/download/live/cam.mp4?id=1"): Promise<string> {
  const response = await on.fetch(path, { headers: { authorization: `Bearer ${token}` } });
  if (response.ok) return String(response.status);
  const { error, message } = (await response.json()) as { error: string; message: string };
  return `${response.status} ${error}: ${message}`;
}

describe("a JWT", () => {
  it("signed with each algorithm that is taken lets through what its scopes cover", async () => {
    const tokens = [
      await hs256(claims()),
      await signed(claims(), "RS256", rsa.privateKey, "rsa"),
      await signed(claims(), "ES256", ec.privateKey, "ec"),
      await signed(claims(), "EdDSA", ed.privateKey, "ed"),
      await signed(claims(), "ES256", ec.privateKey), // one key of this kind: its name may be left out
    ];
    for (const token of tokens) {
      expect(await ask(token)).toBe("200");
      expect(await ask(token, server, "/mp4/download/secret/cam.mp4?id=2")).toMatch(/^403 forbidden/);
      expect(await ask(token, server, "/metrics")).toMatch(/^403 forbidden/);
    }
  });

  it("may name its scopes in an array; those of others are passed over", async () => {
    expect(await ask(await hs256(claims({ scope: ["read:live/*", 7, null, "delete:../x"] })))).toBe("200");
    expect(await ask(await hs256(claims({ scope: "reader admin:live admins" })))).toMatch(/^403/);
    for (const scope of [undefined, 5, {}, { read: true }, ""])
      expect(await ask(await hs256(claims({ scope })))).toMatch(/^403 forbidden/);
  });

  it("may have as many scopes as a header field holds", async () => {
    const many = Array.from({ length: 1100 }, (_, i) => `read:${i.toString(36)}`);
    const token = await hs256(claims({ scope: [...many, "read:live/*"].join(" ") }));
    for (const path of ["/mp4/api/list/*", "/mp4/api/catalog"]) {
      const { status, json } = await server.call(path, { headers: { authorization: `Bearer ${token}` } });
      expect({ status, data: json.data }).toMatchObject({ status: 200, data: [{ streamPath: "live/cam" }] });
    }
  });

  it.each([
    ["expired", { exp: 1_000_000_000 }, "expired"],
    ["expired a minute ago", { exp: Math.floor(Date.now() / 1000) - 60 }, "expired"],
    ["without expiry", { exp: undefined }, "no claim exp"],
    ["not valid yet", { nbf: Math.floor(Date.now() / 1000) + 600 }, "claim nbf"],
    ["of another issuer", { iss: "https://id.example" }, "claim iss"],
    ["without issuer", { iss: undefined }, "no claim iss"],
    ["for another audience", { aud: "boxcar2" }, "claim aud"],
    ["for other audiences", { aud: ["a", "b"] }, "claim aud"],
    ["without audience", { aud: undefined }, "no claim aud"],
    ["with an expiry that is no number", { exp: "never" }, "exp"],
  ])("%s is refused, and told why", async (_, over, why) => {
    for (const token of [await hs256(claims(over)), await signed(claims(over), "RS256", rsa.privateKey, "rsa")]) {
      const answer = await ask(token);
      expect(answer).toMatch(/^401 invalid_token/);
      expect(answer).toContain(why);
      expect(answer).toMatch(why === "expired" ? /Get a new one/ : /Have whoever issues tokens .* make another/);
    }
  });

  it("may be as late as the tolerance says", async () => {
    const lately = claims({ exp: Math.floor(Date.now() / 1000) - 20 });
    expect(await ask(await hs256(lately))).toBe("200");
    const strict = await start({ BOXCAR_JWT_TOLERANCE: "0" });
    expect(await ask(await hs256(lately), strict)).toMatch(/^401/);
    await strict.close();
  });

  it("that is forged is refused", async () => {
    const good = await signed(claims(), "ES256", ec.privateKey, "ec");
    const [head = "", body = "", signature = ""] = good.split(".");
    const admin = part(claims({ scope: "admin" }));
    const forged = [
      await hs256(claims(), "another secret of at least 32 bytes!"),
      await hs256(claims(), "x"),
      await signed(claims(), "ES256", unpublished.privateKey, "ec"),
      await signed(claims(), "ES256", unpublished.privateKey, "unknown"),
      await signed(claims(), "RS256", rsa.privateKey, "ec"),
      `${head}.${admin}.${signature}`,
      `${head}.${body}.`,
      `${head}.${body}.${"A".repeat(86)}`,
      `${part({ alg: "none" })}.${admin}.`,
      `${part({ alg: "None" })}.${admin}.${signature}`,
      `${part({ alg: "nOnE", typ: "JWT" })}.${admin}.`,
      `${part({ alg: "HS256", crit: ["exp"], exp: 1 })}.${admin}.${signature}`,
      `${part({ alg: "ES256", jwk: await exportJWK(unpublished.publicKey) })}.${admin}.${signature}`,
      `${part({ alg: "ES256", jku: "https://evil.example/keys" })}.${admin}.${signature}`,
      `${part("ES256")}.${admin}.${signature}`,
      `bm90.anNvbg.${signature}`,
    ];
    for (const token of forged) expect(await ask(token), token).toMatch(/^401 invalid_token/);
  });

  it("signed with HS256 and a public key as the secret is refused: the key's kind decides, not the token", async () => {
    for (const keys of [rsa, ec, ed]) {
      const pem = await exportSPKI(keys.publicKey);
      const jwk = JSON.stringify(await exportJWK(keys.publicKey));
      for (const key of [pem, pem.trim(), jwk]) expect(await ask(await hs256(claims(), key))).toMatch(/^401/);
    }
    const withoutSecret = await start({ BOXCAR_JWT_SECRET: "" });
    expect(await ask(await hs256(claims()), withoutSecret)).toMatch(/^401/);
    await withoutSecret.close();
  });

  it("signed with another algorithm is refused, though the key would do", async () => {
    for (const alg of ["HS384", "HS512"])
      expect(await ask(await signed(claims(), alg, new TextEncoder().encode(secret)))).toMatch(/^401/);
    const { privateKey } = await generateKeyPair("RS512", { extractable: true });
    expect(await ask(await signed(claims(), "RS512", privateKey, "rsa"))).toMatch(/^401/);
    const onlySecret = await startTestServer({ BOXCAR_JWT_SECRET: secret });
    expect(await ask(await signed(claims(), "RS256", rsa.privateKey, "rsa"), onlySecret)).toMatch(/^401/);
    await onlySecret.close();
  });
});

describe("the keys of the provider", () => {
  const token = (): Promise<string> => signed(claims(), "RS256", rsa.privateKey, "rsa");

  it("are fetched once for many requests at once", async () => {
    const fresh = await start();
    provider.asked = 0;
    const jwt = await token();
    expect(await Promise.all(Array.from({ length: 20 }, () => ask(jwt, fresh)))).toEqual(Array(20).fill("200"));
    expect(provider.asked).toBe(1);
    await fresh.close();
  });

  it("are asked for a new one at most every 30 seconds, however many tokens name unknown keys", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const fresh = await start({}, () => Date.now());
    await ask(await token(), fresh);
    provider.asked = 0;
    const other = await generateKeyPair("ES256", { extractable: true });
    const jwt = await signed(claims(), "ES256", other.privateKey, "new");
    for (let i = 0; i < 5; i++) expect(await ask(jwt, fresh)).toMatch(/^401/);
    expect(provider.asked).toBe(0);
    vi.setSystemTime(Date.now() + 31_000);
    provider.keys.push({ ...(await exportJWK(other.publicKey)), kid: "new", alg: "ES256" });
    expect(await ask(jwt, fresh)).toBe("200");
    expect(provider.asked).toBe(1);
    provider.keys.pop();
    await fresh.close();
  });

  it("serve for a day while the provider is down, then 503; and at once again when it is back", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const fresh = await start({}, () => Date.now());
    const forTwoDays = (): Promise<string> => signed(claims({ exp: inAnHour() }), "RS256", rsa.privateKey, "rsa");
    expect(await ask(await forTwoDays(), fresh)).toBe("200");
    provider.status = 500;
    vi.setSystemTime(Date.now() + 23 * 3_600_000);
    expect(await ask(await forTwoDays(), fresh)).toBe("200");
    vi.setSystemTime(Date.now() + 2 * 3_600_000);
    provider.asked = 0;
    for (let i = 0; i < 5; i++) expect(await ask(await forTwoDays(), fresh)).toMatch(/^503 keys_unavailable/);
    expect(provider.asked).toBe(1); // it is left alone for some seconds after a failure
    provider.status = 200;
    vi.setSystemTime(Date.now() + 10_000);
    expect(await ask(await forTwoDays(), fresh)).toBe("200");
    await fresh.close();
  });

  it.each([
    ["a page", "<html>"],
    ["an object without keys", "{}"],
    ["keys in no array", '{"keys":{}}'],
    ["nothing", ""],
    ["too many bytes", `{"keys":[],"x":"${"x".repeat(1 << 20)}"}`],
  ])("that are %s are not asked for with each request", async (_, body) => {
    provider.body = body;
    const fresh = await start();
    provider.asked = 0;
    for (let i = 0; i < 5; i++) expect(await ask(await token(), fresh)).toMatch(/^503 keys_unavailable/);
    expect(provider.asked).toBe(1);
    await fresh.close();
  });

  it("are asked for again where the clock was set back after a failure", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const fresh = await start({ BOXCAR_CLIENT_RATE: "0", BOXCAR_TOKEN_RATE: "0" }, () => Date.now());
    provider.status = 500;
    expect(await ask(await token(), fresh)).toMatch(/^503 keys_unavailable/);
    provider.status = 200;
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(await ask(await token(), fresh)).toBe("200");
    await fresh.close();
  });

  it("that cannot be had are no reason to let anyone in", async () => {
    provider.status = 404;
    const fresh = await start();
    expect(await ask(await token(), fresh)).toMatch(/^503 keys_unavailable/);
    expect(await ask(await hs256(claims()), fresh)).toBe("200"); // needs none of them
    await fresh.close();
  });
});
