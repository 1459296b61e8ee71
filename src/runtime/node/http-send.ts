import { createHash, createHmac } from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { webDigests, type Digests } from "../../store/remote/digests.ts";
import { answerTo } from "../outbound/answer-to.ts";
import type { Answer, Send } from "../../store/remote/send.ts";

/** Connections to a store that are kept while nothing is asked of it. */
const MOST_IDLE = 128;
/** A body that nobody wants is read to its end when it is as short as this, bytes: its connection can be used again then. */
const SHORT = 64 << 10;

/** Longer than this WebCrypto's thread digests, and nothing waits for it, bytes. */
const LONG = 256 << 10;

/** Bytes of a connection that are read at once, and while more than `MANY` answers are open: each holds what was read of it. */
const READ = 256 << 10;
const MANY = 64;
const READ_OF_MANY = 64 << 10;

/** By `node:crypto`, at once where that does not take long. */
export const nodeDigests: Digests = {
  sha256: (bytes) => (bytes.length > LONG ? webDigests.sha256(bytes) : createHash("sha256").update(bytes).digest()),
  hmac: (key, bytes) => new Uint8Array(createHmac("sha256", key).update(bytes).digest()),
};

/** Sends requests to stores by `node:http`, whose bodies cost a fraction of what those of `fetch` do. */
export function httpSend(): Send {
  let open = 0;
  const bytes = new Uint8Array(READ);
  const onread = {
    buffer: () => bytes.subarray(0, open > MANY ? READ_OF_MANY : READ),
    // The parser of answers copies what it hands on: all connections are read into the same bytes.
    callback(this: Socket, length: number): boolean {
      this.emit("data", Buffer.from(bytes.buffer, 0, length));
      return true;
    },
  };
  const options = { keepAlive: true, maxFreeSockets: MOST_IDLE, onread };
  const agents = { "http:": new http.Agent(options), "https:": new https.Agent(options) };
  return async (url, { method, headers, body }, signal) => {
    const isSecure = url.startsWith("https:");
    const agent = agents[isSecure ? "https:" : "http:"];
    const request = (isSecure ? https : http).request(url, { method, headers, agent });
    const message = await answerTo(request, body, signal);
    open++;
    message.once("close", () => open--);
    return answerOf(message);
  };
}

function answerOf(message: http.IncomingMessage): Answer {
  return {
    status: message.statusCode ?? 0,
    field: (name) => {
      const value = message.headers[name];
      return typeof value === "string" ? value : null;
    },
    text: () => text(message),
    chunks: () => message as AsyncIterable<Uint8Array>,
    drop: () => {
      if (Number(message.headers["content-length"] ?? Number.NaN) <= SHORT) message.resume();
      else message.destroy();
    },
  };
}
