import { request, type ClientRequest, type IncomingMessage } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fragment, initSegment, tfdt, tfhd, trun } from "../hostile/fragments.ts";
import { box, bytes, u32 } from "../support/boxes.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_UPLOAD_MEMORY: "4M" });
});
afterAll(() => server.close());

const SIZE = 4 << 20;
/** What announces a box of 4 MiB, of which nothing more comes. */
const announced = (type: string): Uint8Array => bytes(u32(SIZE), type);
const run = (mediaAt: number): Uint8Array => bytes(tfhd(1), tfdt(0), trun(mediaAt, [{ size: SIZE - 8 }]));
/** A stream up to the head of the media of its first part. */
const stream = bytes(initSegment(), fragment(new Uint8Array(SIZE - 8), 1, run)).subarray(0, -(SIZE - 8));

interface Begun {
  readonly sent: ClientRequest;
  readonly reply: Promise<IncomingMessage | undefined>;
}

/** Begins a request whose body does not end. */
function begin(method: string, path: string, body: Uint8Array, headers: Record<string, string> = {}): Begun {
  const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers, agent: false });
  const reply = new Promise<IncomingMessage | undefined>((resolve) => {
    sent.on("response", resolve).on("error", () => {
      resolve(undefined);
    });
  });
  sent.write(body);
  return { sent, reply };
}

const held = async (): Promise<number> =>
  Number(/^boxcar_upload_bytes (\d+)$/m.exec(await (await server.fetch("/metrics")).text())?.[1]);

const form = bytes(
  '--b\r\nContent-Disposition: form-data; name="img"; filename="a.mp4"\r\n\r\n',
  box("ftyp", "isom", u32(512)),
);
const whole = bytes(form, announced("moov"), new Uint8Array(8192));

it.each([
  ["a pushed stream", () => begin("POST", "/mp4/live/b", stream)],
  [
    "a segment",
    () =>
      begin("PUT", "/mp4/api/segments/b?start=0", bytes(box("ftyp", "isom"), announced("moov"), new Uint8Array(2048))),
  ],
  [
    "a form",
    () => begin("POST", "/api/chat/uploadAliyun", whole, { "content-type": "multipart/form-data; boundary=b" }),
  ],
])("%s that needs more memory until it is whole than uploads may have together is refused", async (_, another) => {
  const first = begin("POST", "/mp4/live/a", stream);
  await expect.poll(held, { interval: 20, timeout: 10_000 }).toBe(SIZE - (1 << 20));
  const second = another();
  const reply = await second.reply;
  expect(reply?.statusCode).toBe(429);
  expect(reply?.headers["retry-after"]).toBeDefined();
  for (const { sent } of [first, second]) sent.destroy();
  await expect.poll(held, { interval: 20, timeout: 10_000 }).toBe(0);
});
