import * as http from "node:http";
import * as https from "node:https";
import { isIP } from "node:net";
import type { Post } from "../../record/webhooks.ts";
import { answerTo } from "./answer-to.ts";
import type { SourceAllowance } from "./source-allowance.ts";

const TIME_LIMIT_MS = 10_000;

/**
 * Sends webhooks by HTTP to addresses that sources may be reached at, and to public ones. Names are looked up once, and the connection
 * goes to an address that was checked. Redirects are not followed, answers not read.
 */
export function webhookPost(allowance: SourceAllowance): Post {
  return async (text, headers, body) => {
    const url = new URL(text);
    const isSecure = url.protocol === "https:";
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    const port = url.port === "" ? (isSecure ? "443" : "80") : url.port;
    const address = await allowance.addressOf(host, port);
    const length = Buffer.byteLength(body);
    const options = {
      ...{ host: address, port, path: url.pathname + url.search, method: "POST", agent: false as const },
      headers: { ...headers, host: url.host, "content-length": length, "user-agent": "boxcar" },
    };
    const servername = isIP(host) === 0 ? host : ""; // an address is no server name (RFC 6066 section 3)
    const request = isSecure ? https.request({ ...options, servername }) : http.request(options);
    const timer = setTimeout(() => {
      request.destroy(new Error("no answer within ten seconds"));
    }, TIME_LIMIT_MS);
    try {
      const response = await answerTo(request, body);
      response.destroy();
      return response.statusCode ?? 0;
    } finally {
      clearTimeout(timer);
    }
  };
}
