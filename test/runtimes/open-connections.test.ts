/** A server whose descriptors somebody wants, on each runtime. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auth, token } from "./client.ts";
import { isInstalled, servers, startEdge, type Edge } from "./edges.ts";

const FILES = 320;
/** Deno may not ask for the limit. */
const CONNECTIONS = { node: "0", bun: "0", deno: "160" };
const isLinux = process.platform === "linux";
if (!isLinux)
  console.warn("SKIPPING every test of open connections: only Linux gives each process many loopback addresses");

describe.skipIf(!isLinux).each(servers.filter(isInstalled))("a server on %s that may open few files", (name) => {
  let folder: string;
  let edge: Edge;
  const idle: Socket[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-open-"));
    const env = { BOXCAR_DATA: folder, BOXCAR_TOKEN: token, BOXCAR_CONNECTIONS: CONNECTIONS[name] };
    edge = await startEdge(name, env, FILES);
  });
  afterAll(async () => {
    for (const socket of idle) socket.destroy();
    await edge.stop();
    await rm(folder, { recursive: true });
  });

  /** The status of a list, asked for from another address. */
  const listFrom = async (localAddress: string): Promise<number | undefined> => {
    const asked = request(`${edge.url}/mp4/api/list`, { localAddress, headers: auth, agent: false }).end();
    const [reply] = (await once(asked, "response")) as [{ statusCode?: number; resume(): void }];
    reply.resume();
    return reply.statusCode;
  };

  it("serves others whatever connections one client opens, and that client once it has closed some", async () => {
    for (let i = 0; i < 2 * FILES; i++) {
      const socket = connect(Number(new URL(edge.url).port), "127.0.0.1");
      socket.on("error", () => undefined);
      await Promise.race([once(socket, "connect"), once(socket, "close")]);
      idle.push(socket.resume());
    }
    const open = (): number => idle.filter((socket) => !socket.destroyed).length;
    await expect.poll(open, { timeout: 10_000 }).toBe(FILES / 4);
    expect(await listFrom("127.0.0.2")).toBe(200);
    await expect(listFrom("127.0.0.1")).rejects.toThrow();
    expect(edge.log.filter((line) => line.includes("connections are closed"))).toHaveLength(1);
    for (const socket of idle) socket.destroy();
    await expect.poll(() => listFrom("127.0.0.1").catch(() => 0), { timeout: 10_000 }).toBe(200);
  });
});
