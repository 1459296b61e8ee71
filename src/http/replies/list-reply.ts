import type { Context, TypedResponse } from "hono";
import { batches } from "../../base/batches.ts";
import { arrived, concatenated } from "../../base/bytes.ts";
import { Breather } from "../../base/breather.ts";
import type { AppContext, AppEnv } from "../context.ts";
import { heldReply } from "../middleware/limits.ts";
import { streamReply } from "./stream-reply.ts";

/** Replies that may be large: they are made in pieces, and count as in memory until their client has them. */

/** Bytes of a reply that is sent as others are: the system takes so much of it at once. */
const SMALL_REPLY = 64 << 10;
/** Rows that are written in one turn. */
const ROWS = 50;

type Reply<Body> = Response & TypedResponse<Body, 200, "json">;

/**
 * Answers with a list. Its rows are read while they are written, so that not all of them are in memory.
 * @param head the fields before `data`
 * @throws BoxcarError `busy` (429), `client_gone` (499), and as `pages` does
 */
export function listReply<Head extends object, Row>(
  c: Context<AppEnv>,
  context: AppContext,
  head: Head,
  pages: AsyncIterable<readonly Row[]>,
): Promise<Reply<Head & { data: Row[] }>> {
  return send(c, context, textsOf(head, pages));
}

/** Answers with what is in memory already, and bounded. @throws BoxcarError `busy` (429), `client_gone` (499) */
export function largeReply<Body>(c: Context<AppEnv>, context: AppContext, body: Body): Promise<Reply<Body>> {
  return send(c, context, [JSON.stringify(body)]);
}

/** Rows as a reply shows them, so many at a time as are written in one turn. */
export async function* shownRows<Row, Shown>(
  pages: Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>,
  shownOf: (row: Row) => Shown,
): AsyncGenerator<Shown[]> {
  for await (const rows of pages) for (const batch of batches(rows, ROWS)) yield batch.map(shownOf);
}

async function* textsOf(head: object, pages: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  yield JSON.stringify({ ...head, data: [] }).slice(0, -2);
  let between = "";
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    yield between + JSON.stringify(rows).slice(1, -1);
    between = ",";
  }
  yield "]}";
}

async function send<Body>(
  c: Context<AppEnv>,
  context: AppContext,
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<Reply<Body>> {
  const { hold, release } = heldReply(c);
  const breather = new Breather(c.req.raw.signal);
  const encoder = new TextEncoder();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  try {
    for await (const text of texts) {
      const bytes = encoder.encode(text);
      length += bytes.length;
      hold(length);
      chunks.push(bytes);
      await breather.breathe();
    }
  } catch (error) {
    release();
    throw error;
  }
  const fields = { "Content-Type": "application/json", "Content-Length": String(length) };
  const headers = new Headers({ ...fields, "X-Request-Id": c.get("requestId") });
  const isHead = c.req.raw.method === "HEAD";
  if (isHead || length <= SMALL_REPLY) {
    release();
    const body = isHead ? null : concatenated(chunks);
    return new Response(body, { status: 200, headers }) as Reply<Body>;
  }
  c.get("leaveLists")?.();
  c.set("release", release);
  return (await streamReply(c, context)(c.env, 200, headers, arrived(...chunks))) as Reply<Body>;
}
