import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { boxcar } from "./boxcar-program.ts";

test.each([
  {
    fault: "a catalog that is no database",
    prepare: (data: string) => writeFile(join(data, "catalog.db"), "recordings, but not in a database".repeat(100)),
    says: /^boxcar: The catalog \S+catalog\.db cannot be used: .+ BOXCAR_CATALOG\.\n$/,
  },
  {
    fault: "a catalog that cannot be opened",
    prepare: (data: string) => mkdir(join(data, "catalog.db")),
    says: /^boxcar: The catalog \S+catalog\.db cannot be used: .+ BOXCAR_CATALOG\.\n$/,
  },
  {
    fault: "a data folder that cannot be made",
    prepare: async (data: string) => {
      await rm(data, { recursive: true });
      await writeFile(data, "");
    },
    says: /^boxcar: BOXCAR_DATA: the folder cannot be made: .+\n$/,
  },
  {
    fault: "a data folder below one that takes none", // of which Node's mkdir would try to make it for ever
    data: "/proc/boxcar",
    says: /^boxcar: BOXCAR_DATA: the folder cannot be made: .+\/proc\/boxcar'\.\n$/,
  },
])("$fault ends the start with one sentence", async ({ data: given, prepare, says }) => {
  const data = await mkdtemp(join(tmpdir(), "boxcar-start-"));
  await prepare?.(data);
  const { code, stdout, stderr } = await boxcar(["serve"], { BOXCAR_DATA: given ?? data, PORT: "0" });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(says);
  await rm(data, { recursive: true });
});
