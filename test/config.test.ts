import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readConfig, variables } from "../src/config.ts";
import { BoxcarError } from "../src/errors.ts";

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
    expect(readConfig({})).toEqual({
      host: "127.0.0.1",
      port: 8080,
      dataFolder: "./data",
      store: { driver: "file", folder: undefined },
      token: undefined,
      timeZone: "UTC",
      maxUpload: 2 * 2 ** 30,
      gapToleranceMs: 500,
      settleMs: 3_600_000,
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
    ["1", 1],
    ["10k", 10_240],
    ["3M", 3 * 2 ** 20],
    ["1T", 2 ** 40],
  ])("reads %s as bytes", (text, bytes) => {
    expect(readConfig({ BOXCAR_MAX_UPLOAD: text }).maxUpload).toBe(bytes);
  });

  it("lists every problem in one message and never shows a secret", () => {
    const message = problems({ PORT: "99999", BOXCAR_TZ: "Mars", BOXCAR_TOKEN: "short", BOXCAR_MAX_UPLOAD: "lots" });
    for (const name of ["PORT", "BOXCAR_TZ", "BOXCAR_TOKEN", "BOXCAR_MAX_UPLOAD"])
      expect(message).toContain(`- ${name}: `);
    expect(message).not.toContain("short");
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
