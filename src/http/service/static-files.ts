import type { Context } from "hono";
import { hashOf } from "../../base/sha256.ts";
import type { AppEnv, AppPlatform } from "../context.ts";
import { evaluateConditions } from "../replies/conditional.ts";
import { acceptsCoding } from "../replies/content-coding.ts";

/** Content codings (RFC 9110 section 8.4.1) that files are kept in, the smallest first, and what their names end in. */
const CODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/**
 * Sends a file of the build, compressed where the client takes it so; 304 when the client has it. Undefined when there is none of
 * that name.
 */
export async function staticFile(
  c: Context<AppEnv>,
  { asset }: Pick<AppPlatform, "asset">,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response | undefined> {
  const accepted = c.req.header("accept-encoding");
  for (const [coding, suffix] of [
    ...CODINGS.filter(([name]) => acceptsCoding(accepted, name)),
    [undefined, ""],
  ] as const) {
    const file = await asset(path + suffix);
    if (file === undefined) continue;
    const etag = await hashOf(file.bytes);
    c.header("Vary", "Accept-Encoding", { append: true });
    const all = { ...headers, ETag: `"${etag}"` };
    if (evaluateConditions({ ifNoneMatch: c.req.header("if-none-match") }, etag) === 304) return c.body(null, 304, all);
    const coded: Record<string, string> = coding === undefined ? {} : { "Content-Encoding": coding };
    return c.body(file.bytes, 200, { ...all, ...coded, "Content-Type": file.contentType });
  }
  return undefined;
}
