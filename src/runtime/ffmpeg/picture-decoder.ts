import { arrived } from "../../base/bytes.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Log, PictureDecoder, PictureShape, SheetShape } from "../../base/ports.ts";
import { findFfmpeg } from "./ffmpeg-path.ts";
import { runBounded, type Bounds } from "./run-bounded.ts";

/** What bounds decoding. */
export interface DecoderOptions {
  /** Address space of each, bytes. */
  readonly memory: number;
  readonly log: Log;
  /** Milliseconds each may take, from the first byte in to the last byte out. Default 15 s. */
  readonly timeLimitMs?: number;
}

const TIME_LIMIT_MS = 15_000;
/** A sheet whose pictures are decoded one by one may take so many times as long. */
const SHEET_TIME_LIMITS = 4;
/** Bytes of one picture or sheet. */
const OUTPUT_LIMIT = 32 << 20;
/** Pixels of a source picture: 8K, and its macroblocks' padding. */
const MOST_PIXELS = 8192 * 4352;
/** Pixels a side of a picture. */
const LONGEST_SIDE = 8192;
/** What ffmpeg decodes: the codecs recordings have. Decoders for anything else are never run on what users bring. */
const CODECS = "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,libaom-av1,mpeg4,mjpeg,prores";

/**
 * Decodes with ffmpeg. It gets the MP4 by a pipe and may open nothing else: no file, no network, no other format. Each
 * process has bounds of time, memory and output, none of this process's environment but PATH, and is killed with
 * everything it started.
 */
export function pictureDecoder(options: DecoderOptions): PictureDecoder {
  let path: Promise<string> | undefined;
  const bounds: Bounds = {
    timeMs: options.timeLimitMs ?? TIME_LIMIT_MS,
    memory: options.memory,
    outputBytes: OUTPUT_LIMIT,
  };
  const found = async (): Promise<string> => {
    // Found once; looked for again as long as there is none.
    path ??= findFfmpeg();
    return path.catch((cause: unknown) => {
      path = undefined;
      throw cause;
    });
  };
  const run = async (
    program: string,
    args: readonly string[],
    input: AsyncIterable<Uint8Array>,
  ): Promise<Uint8Array> => {
    const { outcome, output, complaints } = await runBounded(program, args, input, bounds);
    if (outcome === "ended" && output.length > 0) return output;
    options.log("warn", "no picture", { outcome, complaints });
    throw outcome === "time" ? tooSlow() : failed();
  };
  /** Tiles one after another, as raw pictures. One that cannot be decoded is black; at least one must not be. */
  async function* tiles(
    program: string,
    mp4s: readonly AsyncIterable<Uint8Array>[],
    shape: SheetShape,
  ): AsyncGenerator<Uint8Array> {
    const args = await tileArguments(shape);
    const until = performance.now() + SHEET_TIME_LIMITS * bounds.timeMs;
    let failures = 0;
    for (const mp4 of mp4s) {
      if (performance.now() > until) throw tooSlow();
      yield await run(program, args, mp4).catch((error: unknown) => {
        if (!(error instanceof BoxcarError) || error.code !== "picture_failed") throw error;
        if (++failures === mp4s.length) throw error;
        return blackTile(shape);
      });
    }
  }
  return {
    still: async (mp4, shape) => run(await found(), await stillArguments(shape), mp4),
    sheet: async ([only, ...others], shape) => {
      const program = await found();
      if (only !== undefined && others.length === 0) return run(program, await sheetArguments(shape), only);
      const chunks: Uint8Array[] = [];
      for await (const tile of tiles(program, only === undefined ? [] : [only, ...others], shape)) chunks.push(tile);
      return run(program, await mountArguments(shape), arrived(...chunks));
    },
  };
}

/** A picture of planar YUV 4:2:0 in full range: one byte a pixel, then half a byte of colour. */
function blackTile({ width, height }: SheetShape): Uint8Array {
  return new Uint8Array((width * height * 3) / 2).fill(128, width * height);
}

/** A JPEG has the colours of BT.601 in full range, whatever the video has (JFIF). */
const JPEG_COLOURS = "scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p";

function stillArguments({ width, height, format, rotation }: PictureShape): Promise<string[]> {
  const turned = rotation === "portrait" || rotation === "landscape";
  const filters = [
    // What the edit list hides has times before 0; not every decoder leaves it out by itself.
    "select='gte(t,-0.0001)'",
    // Pixels that are not square become so first; `dar` counts them in.
    `scale=w='clip(round(iw*sar),1,${LONGEST_SIDE})':h='min(ih,${LONGEST_SIDE})':flags=bicubic,setsar=1`,
    ...(turned ? [`transpose=clock:passthrough=${rotation}`] : []),
    ...(width > 0 || height > 0 ? [sizeFilter(width, height)] : []),
    format === "jpg" ? JPEG_COLOURS : "format=rgb24",
  ];
  return argumentsOf(rotation === "stored" ? ["-noautorotate"] : [], filters, format === "jpg" ? "mjpeg" : "png");
}

function sizeFilter(width: number, height: number): string {
  const side = (length: string): string => `'clip(round(${length}),1,${LONGEST_SIDE})'`;
  const w = width > 0 ? String(width) : side(`${height}*iw/ih`);
  const h = height > 0 ? String(height) : side(`${width}*ih/iw`);
  return `scale=w=${w}:h=${h}:flags=bicubic,setsar=1`;
}

function sheetArguments({ columns, rows, ...size }: SheetShape): Promise<string[]> {
  const filters = [
    // A picture for every second even where one could not be decoded: the others keep their places.
    "fps=fps=1:start_time=0:round=up", // up: the last one lasts less than its second
    ...tileFilters(size),
    `tile=layout=${columns}x${rows}`,
  ];
  // Sources of several sizes: the filters go on, so that the sheet does not start anew.
  return argumentsOf(["-reinit_filter", "0"], filters, "mjpeg");
}

function tileArguments(shape: SheetShape): Promise<string[]> {
  return argumentsOf([], tileFilters(shape), "rawvideo");
}

function tileFilters({ width, height }: Pick<SheetShape, "width" | "height">): string[] {
  return [
    `scale=w='clip(round(iw*sar),1,${LONGEST_SIDE})':h='min(ih,${LONGEST_SIDE})',setsar=1`,
    `scale=w=${width}:h=${height}:force_original_aspect_ratio=decrease`,
    `pad=w=${width}:h=${height}:x=(ow-iw)/2:y=(oh-ih)/2`,
    JPEG_COLOURS,
  ];
}

/** Puts raw tiles together. */
function mountArguments({ columns, rows, width, height }: SheetShape): Promise<string[]> {
  const input = ["-f", "rawvideo", "-pixel_format", "yuvj420p", "-video_size", `${width}x${height}`, "-framerate", "1"];
  return commandOf("rawvideo", "rawvideo", input, [`tile=layout=${columns}x${rows}`], "mjpeg");
}

function argumentsOf(
  input: readonly string[],
  filters: readonly string[],
  codec: "mjpeg" | "png" | "rawvideo",
): Promise<string[]> {
  // Else what follows a sync sample that is no IDR picture may be left out, as in a broadcast that is joined.
  return commandOf("mov", CODECS, ["-f", "mov", "-flags", "+output_corrupt", ...input], filters, codec);
}

/** @param demuxer the only one that may be used @param decoders the only ones */
async function commandOf(
  demuxer: "mov" | "rawvideo",
  decoders: string,
  input: readonly string[],
  filters: readonly string[],
  codec: "mjpeg" | "png" | "rawvideo",
): Promise<string[]> {
  const { default: ffmpeg } = await import("fluent-ffmpeg"); // no part of the start
  const muxer = codec === "rawvideo" ? codec : "image2pipe";
  const command = ffmpeg()
    .input("pipe:0")
    .inputOptions(
      ...["-nostdin", "-hide_banner", "-loglevel", "error"],
      ...["-protocol_whitelist", "pipe", "-format_whitelist", demuxer, "-codec_whitelist", decoders],
      ...["-threads", "1", "-max_pixels", String(MOST_PIXELS)],
      ...input,
    )
    .outputOptions("-map", "0:v:0", "-frames:v", "1", "-threads", "1", "-c:v", codec, "-q:v", "3", "-f", muxer)
    .videoFilters(filters.join(","))
    .output("pipe:1");
  // Its own way of running has none of the bounds: it starts ffmpeg three times more to ask what it can, keeps error
  // output without end, and kills the process but not what that started. So it only writes the command line.
  return (command as unknown as { _getArguments(): string[] })._getArguments();
}

function tooSlow(): BoxcarError {
  const message = "Decoding the picture took too long and was given up. Ask for another moment, or try again later.";
  return new BoxcarError("picture_timeout", message);
}

function failed(): BoxcarError {
  const message =
    "No picture could be decoded from the video. Its data may be damaged, too large, or of a codec ffmpeg lacks here.";
  return new BoxcarError("picture_failed", message);
}
