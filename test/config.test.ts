import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readConfig, unknownVariables, variables } from "../src/config/config.ts";
import { BoxcarError } from "../src/base/errors.ts";

const problems = (env: Record<string, string>): string => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof BoxcarError) return error.message;
    throw error;
  }
  return "";
};

describe("readConfig", () => {
  it("needs nothing", () => {
    expect(readConfig({ TZ: "UTC" })).toEqual({
      host: "127.0.0.1",
      port: 8080,
      connections: 0,
      dataFolder: "./data",
      catalog: { driver: "file", path: undefined },
      store: { driver: "file", folder: undefined },
      keyLayout: "path",
      publicUrl: undefined,
      access: {
        open: true,
        tokens: [],
        jwt: undefined,
        guests: [],
        hosts: [],
        linkSecrets: [],
        longestLinkSeconds: 604_800,
        corsOrigins: [],
        trustedProxies: [],
        clientRate: 1200,
        tokenRate: 6000,
        downloadsAtOnce: 512,
        uploadsAtOnce: 128,
        uploadMemory: 2 ** 29,
      },
      timeZone: "UTC",
      maxUpload: 2 * 2 ** 30,
      maxDurationMs: 31 * 86_400_000,
      uploads: {
        prefix: "images",
        chatLanguage: "en",
        chatPage: "#/pages/setpageInfo/setpageInfo?action=autoAddGroup",
        folders: ["chat", "chatImgs", "chatVideos", "avatars"],
        filesUrl: undefined,
        publicFiles: false,
        ossCallbackUrl: undefined,
      },
      gapToleranceMs: 500,
      recording: {
        fragmentMs: 60_000,
        silenceMs: 10_000,
        allow: [],
        leaseMs: 30_000,
        mostSources: 256,
        sourceMemory: 512 << 20,
        webhooks: { consumers: [], secret: "" },
        eventBeforeMs: 30_000,
        eventAfterMs: 30_000,
        preRollBytes: 64 << 20,
        disk: { high: 0, low: 0 },
        storeBytes: { high: 0, low: 0 },
      },
      settleMs: 3_600_000,
      planning: { planners: 4, timelineSegments: 600_000, downloadSegments: 100_000, planMemory: 2 ** 29 },
      rates: {
        uploads: { bytesPerSecond: 1000, graceMs: 60_000 },
        downloads: { bytesPerSecond: 4000, graceMs: 300_000 },
      },
      idleTimeoutMs: 300_000,
      stopTimeoutMs: 30_000,
      decoders: 4,
      decoderMemory: 2 ** 30,
      pictureCache: 32 * 2 ** 20,
      fetchHosts: [],
      logLevel: "info",
    });
  });

  it("takes an empty variable as absent", () => {
    expect(readConfig({ PORT: "", BOXCAR_TOKEN: "", BOXCAR_TZ: "" })).toEqual(readConfig({}));
  });

  it.each([
    [{ TZ: "Asia/Shanghai" }, "Asia/Shanghai"],
    [{ TZ: ":Europe/Berlin" }, "Europe/Berlin"],
    [{ TZ: "Asia/Shanghai", BOXCAR_TZ: "" }, "Asia/Shanghai"],
    [{ TZ: "Asia/Shanghai", BOXCAR_TZ: "UTC" }, "UTC"],
    [{ BOXCAR_TZ: "+05:30" }, "+05:30"],
    [{}, new Intl.DateTimeFormat().resolvedOptions().timeZone],
    [{ TZ: "CST-8" }, new Intl.DateTimeFormat().resolvedOptions().timeZone],
  ])("reads local times, with %j, in %s", (env, zone) => {
    expect(readConfig(env).timeZone).toBe(zone);
  });

  it.each([
    [{}, "path"],
    [{ BOXCAR_KEY_LAYOUT: "hash" }, "hash"],
    [{ BOXCAR_STORE: "r2:MEDIA" }, "hash"],
    [{ BOXCAR_STORE: "r2:MEDIA", BOXCAR_KEY_LAYOUT: "path" }, "path"],
  ])("begins keys, with %j, by %s", (env, layout) => {
    expect(readConfig(env).keyLayout).toBe(layout);
  });

  it.each([
    ["1", 1],
    ["10k", 10_240],
    ["3M", 3 * 2 ** 20],
    ["1T", 2 ** 40],
  ])("reads %s as bytes", (text, bytes) => {
    expect(readConfig({ BOXCAR_MAX_UPLOAD: text }).maxUpload).toBe(bytes);
  });

  it("takes no segments of recordings that no call may ask for", () => {
    expect(problems({ BOXCAR_FRAGMENT: "2h" })).toContain("BOXCAR_FRAGMENT: expected 1s to 1h");
  });

  it("lists every problem in one message and never shows a secret", () => {
    const message = problems({ PORT: "99999", BOXCAR_TZ: "Mars", BOXCAR_TOKEN: "short", BOXCAR_MAX_UPLOAD: "lots" });
    for (const name of ["PORT", "BOXCAR_TZ", "BOXCAR_TOKEN", "BOXCAR_MAX_UPLOAD"])
      expect(message).toContain(`- ${name}: `);
    expect(message).not.toContain("short");
  });

  it.each<[string, string, object]>([
    ["file:/var/catalog.db", "", { driver: "file", path: "/var/catalog.db" }],
    ["http://127.0.0.1:8080", "", { driver: "server", url: "http://127.0.0.1:8080", replica: undefined }],
    ["libsql://db.example.org", "https://near.example.org", { replica: { url: "https://near.example.org" } }],
    ["https://db.example.org", "file:./near.db", { replica: { path: "./near.db" } }],
  ])("reads a catalog at %s with the replica '%s'", (BOXCAR_CATALOG, BOXCAR_CATALOG_REPLICA, wanted) => {
    const { catalog } = readConfig({ BOXCAR_CATALOG, BOXCAR_CATALOG_REPLICA });
    expect(catalog).toMatchObject(wanted);
    if (catalog.driver === "server") expect(catalog).toMatchObject({ timeoutMs: 1900, token: undefined });
  });

  it.each([
    { BOXCAR_CATALOG: "ws://db.example.org" },
    { BOXCAR_CATALOG: "https://user:secret@db.example.org" },
    { BOXCAR_CATALOG: "https://db.example.org?authToken=secret" },
    { BOXCAR_CATALOG: "somewhere" },
    { BOXCAR_CATALOG_REPLICA: "https://near.example.org" },
    { BOXCAR_CATALOG_TOKEN: "secret" },
    { BOXCAR_CATALOG: "https://db.example.org", BOXCAR_CATALOG_REPLICA: "file:" },
    { BOXCAR_CATALOG: "https://db.example.org", BOXCAR_CATALOG_REPLICA: "near" },
    { BOXCAR_CATALOG: "https://db.example.org", BOXCAR_CATALOG_TIMEOUT: "soon" },
  ])("refuses the catalog %o without showing a secret", (env) => {
    expect(problems(env)).toContain("- BOXCAR_CATALOG");
    expect(problems(env)).not.toContain("secret");
  });

  it.each(["127.0.0.1", "127.9.9.9", "localhost", "::1"])("lets %s go without a token", (host) => {
    expect(problems({ HOST: host })).toBe("");
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "example.org", "127.0.0.1.example.org"])(
    "refuses %s without a token",
    (host) => {
      expect(problems({ HOST: host })).toContain("BOXCAR_TOKEN");
      expect(problems({ HOST: host, BOXCAR_TOKEN: "0123456789abcdef" })).toBe("");
    },
  );
});

it("names variables that it does not have, as a mistyped one is", () => {
  expect(unknownVariables({ BOXCAR_DATA: "data", BOXCAR_MAX_UPLOD: "3", PATH: "/bin" })).toEqual(["BOXCAR_MAX_UPLOD"]);
});

it("is documented: the table says what the code says", async () => {
  const page = await readFile(new URL("../docs/configuration.md", import.meta.url), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const expected = Object.entries(variables).map(([name, { default: fallback, meaning }]) => [
    `\`${name}\``,
    fallback === "" ? "none" : `\`${fallback}\``,
    meaning,
  ]);
  expect(rows).toEqual(expected);
});
