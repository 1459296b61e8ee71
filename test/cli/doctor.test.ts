/** `boxcar doctor` on right configurations, and on wrong ones of every kind. */
import { createServer } from "node:http";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCatalogFile } from "../../src/runtime/libsql/open-catalog.ts";
import { add } from "../catalog/open.ts";
import { startOssServer, type OssServer } from "../support/oss-server.ts";
import { freePort, sqldPath, startSqld, type Sqld } from "../support/sqld.ts";
import { boxcar, type Finished } from "./boxcar-program.ts";

let folder: string;
let oss: OssServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-doctor-"));
  oss = await startOssServer();
});
afterAll(async () => {
  await oss.close();
  await rm(folder, { recursive: true });
});

let runs = 0;
const doctor = (env: Record<string, string>): Promise<Finished> =>
  boxcar(["doctor"], { BOXCAR_DATA: join(folder, `data-${runs++}`), ...env });

/** Variables of the OSS server's bucket. */
function onOss(changes: { bucket?: string; endpoint?: string; keyId?: string; secret?: string } = {}) {
  const { bucket, keyId, secret, endpoint } = { ...oss.account, endpoint: oss.endpoint, ...changes };
  return {
    BOXCAR_STORE: `oss://${bucket}?region=cn-hangzhou&endpoint=${endpoint}&style=path`,
    BOXCAR_STORE_KEY_ID: keyId,
    BOXCAR_STORE_SECRET: secret,
  };
}

/** The lines of checks that failed. */
const failed = ({ stdout }: Finished): string[] => stdout.split("\n").filter((line) => line.startsWith("FAIL"));

describe("boxcar doctor", () => {
  it("finds a data folder well, and leaves nothing in it", async () => {
    const data = join(folder, "well");
    const outcome = await doctor({ BOXCAR_DATA: data });
    expect(outcome.stdout).toContain("ok    store: reads a range\n");
    expect(outcome.stdout).toContain("-     store: signed requests: this store makes none");
    expect(outcome.stdout).toContain("ok    catalog: can be written\n");
    expect(outcome.stdout).toContain("belong together (there are no segments yet)");
    expect(outcome.stdout).toMatch(/All is well\.\n$/);
    expect(outcome.code).toBe(0);
    const left = await readdir(join(data, "media"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  it("finds a bucket well, and leaves nothing in it", async () => {
    const outcome = await doctor(onOss());
    expect(failed(outcome), outcome.stdout).toEqual([]);
    for (const what of ["refuses to overwrite an object", "in parts", "takes a signed upload", "deletes objects"]) {
      expect(outcome.stdout).toMatch(new RegExp(`^ok {4}store: .*${what}$`, "m"));
    }
    expect(outcome.code).toBe(0);
    expect(oss.unfinished()).toBe(0);
    expect(outcome.stdout + outcome.stderr).not.toContain(oss.account.secret);
  });

  it.each([
    ["a wrong secret", { secret: "wrong" }, "BOXCAR_STORE_SECRET does not belong to BOXCAR_STORE_KEY_ID"],
    ["an unknown key id", { keyId: "wrong" }, "The store does not know BOXCAR_STORE_KEY_ID."],
    ["another bucket", { bucket: "other-bucket" }, "There is no bucket other-bucket"],
    ["an endpoint that is not there", { endpoint: "http://localhost:9" }, "Nothing answers at http://localhost:9"],
  ])("says what is wrong with %s", async (_, changes, sentence) => {
    const outcome = await doctor(onOss(changes));
    expect(outcome.stdout).toContain("FAIL  store: writes an object\n");
    expect(outcome.stdout).toContain(sentence);
    expect(outcome.stdout).toContain("-     store: all else: nothing can be written\n");
    // The catalog is tried all the same.
    expect(outcome.stdout).toContain("ok    catalog: can be written\n");
    expect(outcome.code).toBe(1);
  });

  it("notices a clock that is wrong, and a store that is none", async () => {
    const server = createServer((_, response) => {
      response.setHeader("date", new Date(Date.now() - 3_600_000).toUTCString());
      response.end("hello");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const outcome = await doctor(onOss({ endpoint: `http://localhost:${port}` }));
    await new Promise((resolve) => server.close(resolve));
    expect(outcome.stdout).toMatch(/FAIL {2}store: its clock and this one agree\n.*They are 3(59\d|60\d) s apart/);
    expect(outcome.code).toBe(1);
  });

  it("lists all that is wrong with the variables themselves", async () => {
    const outcome = await doctor({ BOXCAR_STORE: "ftp:x", BOXCAR_CATALOG: "gopher:x", PORT: "x" });
    for (const name of ["BOXCAR_STORE", "BOXCAR_CATALOG", "PORT"]) expect(outcome.stderr).toContain(`- ${name}: `);
    expect(outcome.code).toBe(1);
  });

  it("says that a binding can only be tried in a Worker", async () => {
    const outcome = await doctor({ BOXCAR_STORE: "r2:MEDIA" });
    expect(failed(outcome)).toEqual(["FAIL  store: opens"]);
    expect(outcome.stdout).toContain("there is no r2 store on this runtime; it has file, oss, s3.");
    expect(outcome.code).toBe(1);
  });

  it("notices a folder that cannot be made and a catalog that is no database", async () => {
    const file = join(folder, "text.db");
    await writeFile(file, "this is no database, but text that is longer than the header of one ".repeat(20));
    const outcome = await doctor({ BOXCAR_STORE: `file:${file}/media`, BOXCAR_CATALOG: `file:${file}` });
    expect(failed(outcome)).toEqual(["FAIL  store: writes an object", "FAIL  catalog: opens"]);
    expect(outcome.stdout).toContain("The file of BOXCAR_CATALOG is no database.");
    expect(outcome.code).toBe(1);
    for (const data of [file, join(file, "data"), "/proc/boxcar"]) {
      const { code, stdout } = await doctor({ BOXCAR_DATA: data });
      expect([code, stdout]).toEqual([1, expect.stringContaining("BOXCAR_DATA: the folder cannot be made: ")]);
      expect(stdout.match(/Name a folder that can be made/g)).toHaveLength(2);
      expect(stdout).not.toContain("already");
    }
  });

  it("notices an ffmpeg that does not run, and names the one that does", async () => {
    const outcome = await doctor({ FFMPEG_PATH: "/nowhere/ffmpeg" });
    expect(failed(outcome)).toEqual(["FAIL  ffmpeg: runs, for pictures and live sources"]);
    expect(outcome.stdout).toMatch(/FFMPEG_PATH names \/nowhere\/ffmpeg, which does not run; .*ffmpeg takes its place/);
  });

  it("notices a catalog and a store that do not belong together", async () => {
    const path = join(folder, "lost.db");
    const opened = await openCatalogFile(path);
    await add(opened.catalog, "live/cam1", 0, 60_000);
    await opened.close();
    const outcome = await doctor({ BOXCAR_CATALOG: `file:${path}` });
    expect(failed(outcome)).toEqual(["FAIL  catalog and store: belong together"]);
    expect(outcome.stdout).toContain("The store lacks 1 of the 1 segments");
    expect(outcome.code).toBe(1);
  });
});

describe.skipIf(sqldPath === undefined)("boxcar doctor on libSQL servers", () => {
  let primary: Sqld;
  let replica: Sqld;
  let other: Sqld;
  beforeAll(async () => {
    primary = await startSqld(join(folder, "primary"));
    replica = await startSqld(join(folder, "replica"), primary);
    other = await startSqld(join(folder, "other"));
  });
  afterAll(async () => {
    for (const server of [replica, primary, other]) await server.kill();
  });

  it("asks for the migrations, then finds primary, replica and bucket well", async () => {
    const env = { ...onOss(), BOXCAR_CATALOG: primary.url, BOXCAR_CATALOG_REPLICA: replica.url };
    const before = await doctor(env);
    expect(failed(before)).toEqual(["FAIL  catalog: has the newest schema"]);
    expect(before.stdout).toMatch(/It lacks 001_segments, .*\. Run boxcar migrate\./);
    expect(await boxcar(["migrate"], env)).toMatchObject({ code: 0 });
    for (let run = 0; run < 2; run++) {
      const after = await doctor(env);
      expect(failed(after), after.stdout).toEqual([]);
      expect(after.stdout).toMatch(/^ok {4}catalog: its replica has what was written \(after \d+ ms\)$/m);
      expect(after.code).toBe(0);
    }
  });

  it("notices a replica of another primary", async () => {
    expect(await boxcar(["migrate"], { BOXCAR_CATALOG: other.url })).toMatchObject({ code: 0 });
    const outcome = await doctor({ BOXCAR_CATALOG: other.url, BOXCAR_CATALOG_REPLICA: replica.url });
    expect(failed(outcome)).toEqual(["FAIL  catalog: its replica has what was written"]);
    expect(outcome.stdout).toContain("BOXCAR_CATALOG_REPLICA follows another primary");
    expect(outcome.code).toBe(1);
  });

  it("notices servers that are not there, and what is no libSQL server", async () => {
    const away = await doctor({ BOXCAR_CATALOG: `http://127.0.0.1:${await freePort()}` });
    expect(failed(away)).toEqual(["FAIL  catalog: answers"]);
    expect(away.stdout).toContain("Nothing answers at BOXCAR_CATALOG");
    const none = await doctor({ BOXCAR_CATALOG: oss.endpoint });
    expect(failed(none)).toEqual(["FAIL  catalog: answers"]);
    expect(none.stdout).toContain("What answers at BOXCAR_CATALOG is no libSQL server.");
    expect([away.code, none.code]).toEqual([1, 1]);
  });
});
