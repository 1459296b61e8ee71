import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { arrivals } from "../../src/record/arrivals.ts";

test("what came while the process stood still is no silence", async () => {
  const server = createServer((socket) => {
    socket.write("a");
    setTimeout(() => socket.write("b"), 20);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const got: string[] = [];
  const read = async (): Promise<void> => {
    for await (const chunk of arrivals(socket, 100, new AbortController().signal)) {
      got.push(Buffer.from(chunk).toString());
      // As SIGSTOP does.
      if (got.length === 1) setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300), 5);
    }
  };
  await expect(read()).rejects.toMatchObject({ code: "source_silent" });
  expect(got).toEqual(["a", "b"]);
  socket.destroy();
  server.close();
});
