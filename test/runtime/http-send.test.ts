import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { httpSend } from "../../src/runtime/node/http-send.ts";

const get = { method: "GET", headers: {} };
const send = httpSend();
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    if (incoming.url === "/whole") outgoing.end("all of it");
    if (incoming.url === "/endless") outgoing.write("a byte");
    if (incoming.url?.startsWith("/long/") === true) outgoing.end(longOf(Number(incoming.url.slice(6))));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function longOf(number: number): Uint8Array {
  return new Uint8Array(600_000).fill(number);
}

// All connections are read into the same bytes.
it("answers that come at once are not mixed, while their readers hold a chunk of each", async () => {
  const read = async (number: number): Promise<void> => {
    const answer = await send(`${url}/long/${String(number)}`, get, new AbortController().signal);
    const expected = longOf(number);
    let position = 0;
    for await (const chunk of answer.chunks()) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      expect(Buffer.compare(chunk, expected.subarray(position, position + chunk.length))).toBe(0);
      position += chunk.length;
    }
    expect(position).toBe(expected.length);
  };
  await Promise.all(Array.from({ length: 70 }, (_, number) => read(number)));
});

it("a signal ends a request that is not answered, and an answer that does not end", async () => {
  await expect(send(`${url}/silent`, get, AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
  const silent = new AbortController();
  const asked = once(server, "request");
  const refused = expect(send(`${url}/silent`, get, silent.signal)).rejects.toThrow("left");
  await asked;
  silent.abort(new Error("left"));
  await refused;
  const endless = new AbortController();
  const answer = await send(`${url}/endless`, get, endless.signal);
  const read = expect(answer.text()).rejects.toThrow();
  endless.abort();
  await read;
});

// An error of the connection that nobody listens to would end the process, and here the run.
it("a signal that comes with the last byte of an answer ends that answer alone", async () => {
  for (let i = 0; i < 20; i++) {
    const leaving = new AbortController();
    const answer = await send(`${url}/whole`, get, leaving.signal);
    for await (const chunk of answer.chunks()) {
      expect(Buffer.from(chunk).toString()).toBe("all of it");
      leaving.abort();
      break;
    }
  }
  expect(await (await send(`${url}/whole`, get, new AbortController().signal)).text()).toBe("all of it");
});
