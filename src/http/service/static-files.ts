import type { Context } from "hono";
import type { AppEnv, AppPlatform } from "../context.ts";

/** Content codings (RFC 9110 section 8.4.1) that files are kept in, the smallest first, and what their names end in. */
const CODINGS = [
  ["br", ".br"],
  ["gzip", ".gz"],
] as const;

/** Sends a file of the build, compressed where the client takes it so. Undefined when there is none of that name. */
export async function staticFile(
  c: Context<AppEnv>,
  { asset }: Pick<AppPlatform, "asset">,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response | undefined> {
  const accepted = c.req.header("accept-encoding") ?? "";
  for (const [coding, suffix] of CODINGS) {
    const compressed = accepts(accepted, coding) ? await asset(path + suffix) : undefined;
    if (compressed === undefined) continue;
    const { bytes, contentType } = compressed;
    const coded = { "Content-Type": contentType, "Content-Encoding": coding, Vary: "Accept-Encoding" };
    return c.body(bytes, 200, { ...headers, ...coded });
  }
  const plain = await asset(path);
  if (plain === undefined) return undefined;
  return c.body(plain.bytes, 200, { ...headers, "Content-Type": plain.contentType, Vary: "Accept-Encoding" });
}

/** Whether `Accept-Encoding` (RFC 9110 section 12.5.3) names a coding, other than to refuse it. */
function accepts(header: string, coding: string): boolean {
  return header.split(",").some((part) => {
    const [name = "", ...parameters] = part.trim().toLowerCase().split(";");
    return name.trim() === coding && !parameters.some((one) => /^\s*q=0(\.0*)?\s*$/.test(one));
  });
}
