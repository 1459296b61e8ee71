import type { Context } from "hono";
import type { UploadArea } from "../../catalog/upload-rows.ts";
import type { Config } from "../../config/config.ts";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import type { AppEnv } from "../context.ts";

/** What a video URL names: something of this server, which needs no network, or a file on another host. */
export type VideoSource =
  | { readonly kind: "upload"; readonly area: UploadArea; readonly key: string }
  | { readonly kind: "recording"; readonly streamPath: string; readonly query: URLSearchParams }
  | { readonly kind: "remote"; readonly url: string };

/**
 * Tells what a video URL names. A path alone, and a URL with an origin of this server, name what the server has.
 * @param origins of this server as its clients see it, at least one
 * @param filesUrl what stands before the key in URLs of uploaded files, where that is not this server
 * @throws BoxcarError `unknown_file` (404) for other paths of this server, `bad_stream_path` (400)
 */
export function videoSource(videoUrl: string, origins: readonly string[], filesUrl: string | undefined): VideoSource {
  const own = videoUrl.startsWith("/") && !videoUrl.startsWith("//");
  const base = own ? origins[0] : undefined;
  if (!URL.canParse(videoUrl, base)) return { kind: "remote", url: videoUrl };
  const url = new URL(videoUrl, base);
  const plain = `${url.origin}${url.pathname}`;
  if (filesUrl !== undefined && plain.startsWith(`${filesUrl}/`))
    return { kind: "upload", area: "store", key: decoded(plain.slice(filesUrl.length + 1)) };
  if (!own && !origins.includes(url.origin)) return { kind: "remote", url: videoUrl };
  const path = decoded(url.pathname);
  const [, files, uploads, recording] =
    /^(?:\/files\/(.+)|\/public\/uploads\/(.+)|\/mp4\/download\/(.+)\.f?mp4)$/s.exec(path) ?? [];
  if (files !== undefined) return { kind: "upload", area: "store", key: files };
  if (uploads !== undefined) return { kind: "upload", area: "public", key: uploads };
  if (recording !== undefined)
    return { kind: "recording", streamPath: checkStreamPath(recording), query: url.searchParams };
  const message = "There is no video under this path. Give the URL of an uploaded file or of a download.";
  throw new BoxcarError("unknown_file", message);
}

/** The origins under which this server may be named: by the request, by the configuration, and on its own machine. */
export function originsOf(c: Context<AppEnv>, { publicUrl, port, access }: Config): string[] {
  const requested = new URL(c.req.url);
  const ports = new Set([requested.port, String(port)]);
  const names = ["localhost", "127.0.0.1", "[::1]", ...access.hosts];
  const origins = names.flatMap((name) =>
    ["http", "https"].flatMap((scheme) => [...ports].map((each) => new URL(`${scheme}://${name}:${each}`).origin)),
  );
  return [requested.origin, c.get("origin"), ...(publicUrl === undefined ? [] : [publicUrl]), ...origins];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new BoxcarError("bad_path", "The path of videoUrl is not valid percent-encoded UTF-8.", {}, cause);
  }
}
