import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../app/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ BOXCAR_TOKEN: "0123456789-abcdefgh" });
});
afterAll(() => server.close());

it("refuses calls of the chat front end in its own envelope", async () => {
  const headers = { Authorization: "Bearer 0123456789-abcdefgh" };
  const { status, json } = await server.call("/api/chat/nothing", { headers });
  expect({ status, json }).toEqual({
    status: 400,
    json: { msg: "fail", data: "There is no GET /api/chat/nothing. GET /docs shows all calls." },
  });
  const anonymous = await server.call("/api/chat/uploadAliyun", { method: "POST" });
  expect(anonymous.status).toBe(401);
  expect(Object.keys(anonymous.json)).toEqual(["msg", "data"]);
  // A path that only starts alike is none of its calls.
  expect((await server.call("/api/chatter", { headers })).json).toMatchObject({ code: 404, error: "unknown_route" });
});
