import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { BoxcarError } from "../../src/base/errors.ts";

const hidden = "hidden-secret-of-more-than-32-characters";
const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
type Env = Record<string, string>;

function problems(env: Env): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof BoxcarError && error.code === "bad_configuration") return error.message;
    throw error;
  }
  return "";
}

const tokens = (...entries: object[]): Env => ({ BOXCAR_TOKENS: JSON.stringify(entries) });
const jwks = { BOXCAR_JWT_JWKS: "https://id.example/keys", BOXCAR_JWT_ISSUER: "https://id.example/" };

describe("the configuration of access", () => {
  it.each<[string, Env]>([
    ["no access at all", {}],
    ["a token", { HOST: "0.0.0.0", BOXCAR_TOKEN: hidden }],
    ["tokens alone", { HOST: "0.0.0.0", ...tokens({ name: "a", scopes: ["read"], token: hidden }) }],
    ["a digest", { HOST: "::", ...tokens({ name: "a", scopes: ["upload:live/*", "read"], sha256 }) }],
    ["JWTs by a secret", { HOST: "0.0.0.0", BOXCAR_JWT_SECRET: hidden }],
    ["JWTs by a provider", { HOST: "0.0.0.0", ...jwks, BOXCAR_JWT_AUDIENCE: "boxcar" }],
    ["a provider on this machine", { ...jwks, BOXCAR_JWT_JWKS: "http://localhost:1/k", BOXCAR_JWT_AUDIENCE: "b" }],
    ["guests", { BOXCAR_TOKEN: hidden, BOXCAR_GUESTS: "read:public/*, upload" }],
    ["two secrets of links", { BOXCAR_LINK_SECRET: `${hidden} ${hidden}-2` }],
    ["origins", { BOXCAR_CORS_ORIGINS: "https://a.example,http://localhost:3000" }],
    ["all origins", { BOXCAR_CORS_ORIGINS: "*" }],
    ["proxies", { BOXCAR_TRUSTED_PROXIES: "10.0.0.0/8, ::1, 192.0.2.1" }],
  ])("may have %s", (_, env) => {
    expect(problems(env)).toBe("");
  });

  it.each<[string, Env, string]>([
    ["an address without secrets", { HOST: "0.0.0.0" }, "set BOXCAR_TOKEN"],
    ["a name without secrets", { HOST: "video.example" }, "set BOXCAR_TOKEN"],
    ["a look-alike of loopback", { HOST: "127.0.0.1.example" }, "set BOXCAR_TOKEN"],
    ["link secrets alone, beyond loopback", { HOST: "::", BOXCAR_LINK_SECRET: hidden }, "set BOXCAR_TOKEN"],
    ["a token with spaces", { BOXCAR_TOKEN: `${hidden} ` }, "BOXCAR_TOKEN: expected"],
    ["tokens that are no JSON", { BOXCAR_TOKENS: `[{"token":"${hidden}"` }, "expected a JSON array"],
    ["tokens that are no array", { BOXCAR_TOKENS: `{"token":"${hidden}"}` }, "expected a JSON array"],
    ["a short token", tokens({ name: "a", scopes: ["read"], token: "short" }), "at least 16"],
    ["no secret", tokens({ name: "a", scopes: ["read"] }), "either token or sha256"],
    ["both forms", tokens({ name: "a", scopes: ["read"], token: hidden, sha256 }), "either token or sha256"],
    ["no scopes", tokens({ name: "a", scopes: [], token: hidden }), "at least one scope"],
    ["an unknown scope", tokens({ name: "a", scopes: ["write"], token: hidden }), "scopes are read, upload"],
    ["a pattern that climbs", tokens({ name: "a", scopes: ["read:../x"], token: hidden }), "scopes are read, upload"],
    ["an empty pattern", tokens({ name: "a", scopes: ["read:"], token: hidden }), "scopes are read, upload"],
    ["a name for the log to stumble over", tokens({ name: "a\nb", scopes: ["read"], token: hidden }), "a name of"],
    ["no scopes named", tokens({ name: "a", token: hidden }), "BOXCAR_TOKENS: 0.scopes: expected an array"],
    ["a number for a name", tokens({ name: 1, scopes: ["read"], token: hidden }), "0.name: expected a text"],
    ["an unknown field", tokens({ name: "a", scopes: ["read"], token: hidden, secret: "x" }), "BOXCAR_TOKENS"],
    [
      "a name twice",
      tokens({ name: "a", scopes: ["read"], token: hidden }, { name: "a", scopes: ["read"], sha256 }),
      "a name only once",
    ],
    [
      "a token twice",
      tokens({ name: "a", scopes: ["read"], token: hidden }, { name: "b", scopes: ["admin"], token: hidden }),
      "a token may stand only once",
    ],
    [
      "the administrator's token again",
      { BOXCAR_TOKEN: hidden, ...tokens({ name: "a", scopes: ["read"], token: hidden }) },
      "a token may stand only once",
    ],
    ["guests who delete", { BOXCAR_TOKEN: hidden, BOXCAR_GUESTS: "delete" }, "only be given read and upload"],
    ["guests who may do all", { BOXCAR_TOKEN: hidden, BOXCAR_GUESTS: "admin" }, "only be given read and upload"],
    ["guests where all may do all", { BOXCAR_GUESTS: "read" }, "anyone may do everything"],
    ["a short secret of JWTs", { BOXCAR_JWT_SECRET: "short" }, "at least 32 bytes"],
    ["keys without encryption", { ...jwks, BOXCAR_JWT_JWKS: "http://id.example/k" }, "expected an https URL"],
    ["a provider without audience", jwks, "BOXCAR_JWT_AUDIENCE: required"],
    ["an issuer without JWTs", { BOXCAR_JWT_ISSUER: "x" }, "means nothing without"],
    ["a short secret of links", { BOXCAR_LINK_SECRET: "short" }, "at least 32"],
    ["three secrets of links", { BOXCAR_LINK_SECRET: `${hidden} ${hidden}2 ${hidden}3` }, "one or two secrets"],
    ["an origin with a path", { BOXCAR_CORS_ORIGINS: "https://a.example/" }, "expected origins"],
    ["the origin of files", { BOXCAR_CORS_ORIGINS: "null" }, "expected origins"],
    ["a pattern of origins", { BOXCAR_CORS_ORIGINS: "https://*.example.org" }, "expected origins"],
    ["all origins and one", { BOXCAR_CORS_ORIGINS: "*,https://a.example" }, "expected origins"],
    ["a proxy by name", { BOXCAR_TRUSTED_PROXIES: "proxy.example" }, "expected addresses"],
    ["a network that is none", { BOXCAR_TRUSTED_PROXIES: "10.0.0.0/33" }, "expected addresses"],
  ])("may not have %s", (_, env, why) => {
    const message = problems(env);
    expect(message).toContain(why);
    expect(message).not.toContain(hidden);
    expect(message).not.toContain("short");
  });
});
