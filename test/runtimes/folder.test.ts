/** One data folder, served by all runtimes that have files. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random, seedOf } from "../support/random.ts";
import { record, RECORDED_AT, recordMetadata } from "../support/recording.ts";
import { auth, fingerprint, randomDownloads, token, upload, uploadRecordings, type Fingerprint } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge, type ServerName } from "./edges.ts";

const chance = random(seedOf(11));
const installed = servers.filter(isInstalled);
const edges = new Map<ServerName, Edge>();
let folder: string;
let paths: string[];
let reference: Fingerprint[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "boxcar-runtimes-"));
  const env = { BOXCAR_DATA: folder, BOXCAR_TOKEN: token };
  for (const name of installed) edges.set(name, await startEdge(name, env));
  const { url } = edgeOf("node");
  paths = randomDownloads(await uploadRecordings(url), 10, chance);
  reference = await Promise.all(paths.map((path) => fingerprint(url + path)));
});
afterAll(async () => {
  await Promise.all([...edges.values()].map((edge) => edge.stop()));
  await rm(folder, { recursive: true });
});

function edgeOf(name: ServerName): Edge {
  const edge = edges.get(name);
  if (edge === undefined) throw new Error(`${name} does not run`);
  return edge;
}

describe.each(installed)("a folder served by %s", (name) => {
  it("gives the same bytes under the same entity tags", async () => {
    const { url } = edgeOf(name);
    expect(await Promise.all(paths.map((path) => fingerprint(url + path))), `seed ${chance.seed}`).toEqual(reference);
    expect(reference.every(({ status }) => status === 200)).toBe(true);
  });

  it("takes uploads that the others then serve", async () => {
    const [segment] = await record({ count: 1, seconds: 2, seed: 3 });
    const bytes = await readFile(segment?.file ?? "");
    const { url: link } = await upload(edgeOf(name).url, `from/${name}`, RECORDED_AT, bytes);
    for (const { url } of edges.values()) {
      const response = await fetch(url + link, { headers: auth });
      expect(response.status).toBe(200);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it("takes an upload with so much metadata that a thread builds its index, and refuses one by name", async () => {
    const file = await recordMetadata(2 << 20);
    const { url } = edgeOf(name);
    expect((await upload(url, `much/${name}`, RECORDED_AT, file)).size).toBe(file.length);
    file.set([0xff, 0xff, 0xff, 0xff], Buffer.from(file).indexOf("stco") + 12);
    const link = `${url}/mp4/api/segments/much/${name}?start=0`;
    const refused = await fetch(link, { method: "PUT", headers: auth, body: Buffer.from(file) });
    expect(await refused.json()).toMatchObject({ error: "outside_file" });
    expect(refused.status).toBe(422);
  });

  it("ends at a signal, with all that was begun", async () => {
    const edge = await startEdge(name, { BOXCAR_DATA: folder, BOXCAR_TOKEN: token });
    expect((await fetch(`${edge.url}/readyz`)).status).toBe(200);
    expect(await edge.stop()).toBe(0);
    expect(edge.log.at(-1)).toContain('"message":"stopped"');
  });

  it("says in one message why it does not start", async () => {
    const failed: unknown = await startEdge(name, { HOST: "0.0.0.0", BOXCAR_TZ: "Nowhere" }).catch((e: unknown) => e);
    expect(String(failed)).toMatch(/ended with 1:\nboxcar: The configuration cannot be used:\n- BOXCAR_TZ/);
  });
});
