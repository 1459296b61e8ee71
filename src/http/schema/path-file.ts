import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import type { AppEnv } from "../context.ts";

/** A stream path with what a suffix of it asks for. */
export interface PathFile<Format extends string> {
  readonly streamPath: string;
  readonly format: Format;
}

/**
 * Reads the parameter `file` of a path, which spans slashes and ends in one of the formats: `live/cam1.mp4`. A guard and its
 * route ask for the same; it is read once a request.
 * @param otherwise the format of a path without an ending, or the refusal of it, `unknown_format` (404)
 */
export function pathFile<Format extends string>(
  formats: readonly Format[],
  otherwise: { readonly format: Format } | { readonly refusal: string },
): (c: Context<AppEnv>) => PathFile<Format> {
  const known = new WeakMap<object, PathFile<Format>>();
  return (c) => {
    const read = known.get(c) ?? split(c.req.param("file") ?? "", formats, otherwise);
    known.set(c, read);
    return read;
  };
}

/** @throws BoxcarError `bad_stream_path` (400), `unknown_format` (404) */
function split<Format extends string>(
  file: string,
  formats: readonly Format[],
  otherwise: { readonly format: Format } | { readonly refusal: string },
): PathFile<Format> {
  const at = file.lastIndexOf(".");
  const format = formats.find((each) => each === file.slice(at + 1));
  if (at >= 0 && format !== undefined) return { streamPath: checkStreamPath(file.slice(0, at)), format };
  const streamPath = checkStreamPath(file);
  if ("format" in otherwise) return { streamPath, format: otherwise.format };
  throw new BoxcarError("unknown_format", otherwise.refusal);
}
