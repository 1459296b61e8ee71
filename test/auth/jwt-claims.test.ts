import { SignJWT, type JWTPayload } from "jose";
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";

const secret = "an HS256 secret of at least 32 bytes";
const soon = (): number => Math.floor(Date.now() / 1000) + 3600;
const tus = { "tus-resumable": "1.0.0" };
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ BOXCAR_JWT_SECRET: secret });
});
afterAll(() => server.close());

/** A token whose claims stand there as they are written: not everything that JSON holds can be had from JavaScript. */
function signedText(claims: string): string {
  const part = (text: string): string => Buffer.from(text).toString("base64url");
  const input = `${part('{"alg":"HS256"}')}.${part(claims)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

const signed = (payload: JWTPayload): Promise<string> =>
  new SignJWT({ scope: "read upload", exp: soon(), ...payload })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe("a claim of a JWT", () => {
  const exp = (): string => `"exp":${String(soon())}`;

  it.each([
    ...["7", "-1", "1.5", "true", "null", "{}", '["anna"]', "[]", '{"toString":"x"}'].flatMap((value) => [
      ["sub", `${exp()},"sub":${value}`],
      ["jti", `${exp()},"jti":${value}`],
      ["jti", `${exp()},"sub":"anna","jti":${value}`],
      ["iss", `${exp()},"iss":${value}`],
    ]),
    ...["7", "null", "{}", '["boxcar",7]', "[null]", '[["boxcar"]]'].map((value) => ["aud", `${exp()},"aud":${value}`]),
    ...['"1"', "null", "{}", "[1]", "true", "1e999"].map((value) => ["exp", `"exp":${value}`]),
    ...["1e300", "9007199254740993", "253402300799", String(soon() * 1000)].map((value) => ["exp", `"exp":${value}`]),
    ...['"1"', "null", "{}", "[1]", "false", "1e999", "-1e999"].flatMap((value) => [
      ["nbf", `${exp()},"nbf":${value}`],
      ["iat", `${exp()},"iat":${value}`],
    ]),
    ["nbf", `${exp()},"nbf":${String(soon())}`],
    ["iat", `${exp()},"iat":${String(soon())}`],
  ])("that is not what RFC 7519 says is refused by name: %s of {%s}", async (claim, claims) => {
    const token = signedText(`{"scope":"read upload",${claims}}`);
    const { status, json } = await server.call("/mp4/api/catalog", { headers: bearer(token) });
    expect({ status, error: json.error }).toEqual({ status: 401, error: "invalid_token" });
    expect(json.message).toMatch(new RegExp(`claim ${claim} `));
  });

  it.each(["[]", "null", '"x"', "7", "{", ""])("set that is no object is refused: %s", async (claims) => {
    const { status, json } = await server.call("/mp4/api/catalog", { headers: bearer(signedText(claims)) });
    expect({ status, error: json.error }).toEqual({ status: 401, error: "invalid_token" });
  });

  it("that grants scopes counts as far as it is text", async () => {
    const status = async (scope: string): Promise<number> => {
      const token = signedText(`{${exp()},"sub":"anna","scope":${scope}}`);
      return (await server.fetch("/mp4/api/catalog", { headers: bearer(token) })).status;
    };
    for (const scope of ['"read"', '["read"]', '["x",7,null,"read"]', '"openid  read"'])
      expect(await status(scope)).toBe(200);
    for (const scope of ["null", "7", "true", "{}", '{"read":true}', '[["read"]]', '"READ"', '["read upload"]'])
      expect(await status(scope), scope).toBe(403);
  });

  it("that ends in ten years is taken, as are parts of a second", async () => {
    for (const end of [soon() + 0.5, soon() + 9 * 366 * 86_400])
      expect((await server.fetch("/mp4/api/catalog", { headers: bearer(await signed({ exp: end })) })).status).toBe(
        200,
      );
  });
});

describe("a resumable upload", () => {
  const begin = async (token: string): Promise<string> => {
    const headers = { ...bearer(token), ...tus, "upload-length": "10" };
    const response = await server.fetch("/api/uploads", { method: "POST", headers });
    expect(response.status).toBe(201);
    return response.headers.get("location") ?? "";
  };
  const seen = async (path: string, token: string): Promise<number> =>
    (await server.fetch(path, { headers: { ...bearer(token), ...tus } })).status;

  const long = "x".repeat(200);
  it.each<[string, JWTPayload, JWTPayload]>([
    ["two tokens that name nobody", { exp: soon() }, { exp: soon() + 1 }],
    ["two tokens with an empty subject", { sub: "", exp: soon() }, { sub: "", exp: soon() + 1 }],
    ["subjects that are alike for 200 characters", { sub: `${long}a` }, { sub: `${long}b` }],
    ["a subject and a token's id of the same text", { sub: "anna" }, { jti: "anna" }],
    ["the same subject of two issuers", { sub: "anna", iss: "https://a" }, { sub: "anna", iss: "https://b" }],
    ["subjects in two letter cases", { sub: "anna" }, { sub: "Anna" }],
    ["subjects in two normal forms", { sub: "\u00e9" }, { sub: "e\u0301" }],
    ["subjects of broken characters", { sub: "\ud800" }, { sub: "\ud801" }],
    ["a subject and nobody", { sub: "jwt" }, {}],
  ])("is not shared by %s", async (_, mine, other) => {
    const [first, second] = [await signed(mine), await signed(other)];
    const path = await begin(first);
    expect(await seen(path, first)).toBe(200);
    expect(await seen(path, second)).toBe(404);
  });

  it("goes on with a later token of its subject", async () => {
    const path = await begin(await signed({ sub: long, jti: "1" }));
    expect(await seen(path, await signed({ sub: long, jti: "2", exp: soon() + 5 }))).toBe(200);
  });
});

it("a rate is counted for each subject, however alike they begin", async () => {
  const narrow = await startTestServer({ BOXCAR_JWT_SECRET: secret, BOXCAR_TOKEN_RATE: "1" });
  const status = async (sub: string): Promise<number> =>
    (await narrow.fetch("/mp4/api/catalog", { headers: bearer(await signed({ sub })) })).status;
  const long = "x".repeat(200);
  expect([await status(`${long}a`), await status(`${long}b`), await status(`${long}a`)]).toEqual([200, 200, 429]);
  await narrow.close();
});

it("a further token may not have the name of the administrator's", async () => {
  const further = [{ name: "BOXCAR_TOKEN", scopes: ["upload"], token: "a-token-of-its-own" }];
  const started = startTestServer({ BOXCAR_TOKEN: "the-administrators", BOXCAR_TOKENS: JSON.stringify(further) });
  await expect(started).rejects.toThrow(/name BOXCAR_TOKEN/);
});
