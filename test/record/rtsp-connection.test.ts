import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { RtspConnection } from "../../src/runtime/rtsp/connection.ts";

const GATHERING_MS = 70;
const servers: Server[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) server.close();
});

/** A connection, and the server's end of it. */
async function connected(): Promise<[RtspConnection, Socket]> {
  const server = createServer().listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [connection, accepted] = await Promise.all([
    RtspConnection.open(["127.0.0.1"], port, undefined, new AbortController().signal),
    once(server, "connection"),
  ]);
  return [connection, accepted[0] as Socket];
}

function packet(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x24, 0, payload.length >> 8, payload.length & 255), payload]);
}

async function sends(socket: Socket, bytes: Uint8Array): Promise<void> {
  await new Promise((resolve) => socket.write(bytes, resolve));
}

test("what comes on all connections meanwhile is read at the same moment, which one timer tells", async () => {
  const ends = await Promise.all([connected(), connected(), connected()]);
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const reads = ends.map((): number[][] => []);
  const over = ends.map(async ([connection], i) => {
    for await (const packets of connection.packets())
      if (packets.length > 0) reads[i]?.push(packets.map(({ bytes }) => bytes[0] ?? 0));
  });
  const got = (): number[] => reads.map((ofOne) => ofOne.flat().length);
  for (const [i, [, socket]] of ends.entries()) {
    await sends(socket, packet(Uint8Array.of(0)));
    while (got()[i] === 0) await pause(1); // read as it comes
  }
  expect(vi.getTimerCount()).toBe(1);
  for (let number = 1; number < 50; number++)
    for (const [, socket] of ends) await sends(socket, packet(Uint8Array.of(number)));
  await pause(5);
  expect(got()).toEqual([1, 1, 1]);
  let moments = 0;
  for (; got().some((count) => count < 50) && moments < 50; moments++) {
    vi.advanceTimersByTime(GATHERING_MS);
    await pause(5);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  }
  for (const ofOne of reads) {
    expect(ofOne.flat()).toEqual(Array.from({ length: 50 }, (_, number) => number));
    expect(ofOne.length).toBeLessThanOrEqual(1 + moments);
  }
  expect(moments).toBeLessThan(25); // 1, unless the system is slow to pass on what was sent
  for (const [, socket] of ends) socket.destroy();
  while (vi.getTimerCount() > 0) {
    vi.advanceTimersByTime(GATHERING_MS);
    await pause(1);
  }
  await Promise.all(over);
});

test("a burst that no buffer holds comes whole", async () => {
  const [connection, socket] = await connected();
  const [sent, got] = [createHash("sha256"), createHash("sha256")];
  for (let number = 0; number < 300; number++) {
    const payload = new Uint8Array(60_000).fill(number * 7);
    sent.update(payload);
    socket.write(packet(payload));
  }
  socket.end();
  let count = 0;
  for await (const packets of connection.packets()) {
    count += packets.length;
    for (const { bytes } of packets) got.update(bytes);
  }
  expect([count, got.digest("hex")]).toEqual([300, sent.digest("hex")]);
  connection.close();
});
