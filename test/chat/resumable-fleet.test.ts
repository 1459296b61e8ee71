import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inStore } from "../../src/intake/files/destinations.ts";
import type { UploadParts } from "../../src/intake/files/receive-file.ts";
import { TusUploads } from "../../src/intake/tus/tus-upload.ts";
import { readConfig } from "../../src/config/config.ts";
import { statusOf } from "../../src/base/error-codes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import { openNodeParts, type NodeParts } from "../../src/runtime/node/node-parts.ts";
import { png } from "../support/forms.ts";
import { random, seedOf } from "../support/random.ts";

let folder = "";
let parts: NodeParts;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-resumable-"));
  parts = await openNodeParts(readConfig({ BOXCAR_DATA: folder }));
  await parts.migrate();
});
afterAll(async () => {
  await parts.close();
  await rm(folder, { recursive: true });
});

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

it("two machines that write to one upload make one file, and leave nothing else", async () => {
  const seed = seedOf(31_012_030);
  const chance = random(seed);
  const { store, catalog, core, clock, randomId } = parts;
  const uploadParts: UploadParts = { catalog, areas: { store, public: undefined }, core, clock };
  const destinations = { files: inStore("images", { clock, timeZone: "UTC" }), keyLayout: "path" } as const;
  // What one of them holds in memory, the other does not see.
  const machines = [0, 1].map(() => new TusUploads(uploadParts, randomId, destinations));
  const refusals = new Set<string>();
  const stored: string[] = [];
  for (let round = 0; round < 15; round++) {
    const bytes = Buffer.concat([png, chance.bytes(chance.below(5000))]);
    const announced = {
      owner: "token app",
      length: bytes.length,
      fileName: "",
      imageClassId: round,
      announced: undefined,
    };
    const { id } = (await machines[0]?.create(announced)) ?? { id: "" };
    await Promise.all(
      machines.map(async (machine) => {
        for (;;) {
          const { received } = await machine.find(id, announced.owner);
          if (received === bytes.length) return;
          const body = bytes.subarray(received, received + 1 + chance.below(bytes.length));
          try {
            await machine.append(id, announced.owner, { offset: received, body: inChunks(body, 700) });
          } catch (error) {
            if (!(error instanceof BoxcarError)) throw error;
            refusals.add(`${error.code} ${String(statusOf(error))}`);
          }
        }
      }),
    );
    const { file } = (await machines[1]?.find(id, announced.owner)) ?? {};
    expect(file, `seed ${seed}, round ${round}`).toMatchObject({ size: bytes.length, imageClassId: round });
    const hash = createHash("sha256");
    const span = { offset: 0, length: bytes.length };
    for await (const chunk of store.get(file?.key ?? "", span, file?.etag)) hash.update(chunk);
    expect(hash.digest("hex"), `seed ${seed}, round ${round}`).toBe(createHash("sha256").update(bytes).digest("hex"));
    stored.push(file?.key ?? "");
  }
  const objects: string[] = [];
  for await (const { key } of store.list("")) objects.push(key);
  expect(objects.toSorted(), `seed ${seed}`).toEqual(stored.toSorted());
  expect(await catalog.uploads.unsettled(Number.MAX_SAFE_INTEGER, 0, 100)).toEqual([]);
  // The later one learns that it was the later one, at a piece or at the end.
  expect([...refusals]).toEqual(["wrong_offset 409"]);
});
