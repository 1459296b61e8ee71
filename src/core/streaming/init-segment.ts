import { hex } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ports.ts";
import { webSha256 } from "../../base/sha256.ts";
import type { TimedSegment } from "../planning/placed-segment.ts";
import { MOVIE_TIMESCALE } from "../layout/layout.ts";
import { TrackFlag } from "../wasm/abi/names.ts";
import { INDEX_HEADER_SIZE, TrackRecordAt } from "../wasm/abi/records.ts";
import type { Core } from "../wasm/module.ts";
import type { MovieTrack } from "../wasm/records/output.ts";
import { isPresentedAlike, presentationOf, type TrackRecord } from "../wasm/records/summary.ts";
import { streamTimescale } from "./media-time.ts";
import { streamedFlags, streamedTracks, type StreamTracks } from "../streamed-tracks.ts";

/** What all samples of an init segment's track have in common besides their sample entries. */
const commonFlags = (record: TrackRecord): number => streamedFlags(record) & TrackFlag.AllSync;

/** What recordings have in common that share an init segment. */
export interface Configuration {
  /** Hash of the first track's sample entries, as summaries have it, hexadecimal: recordings are found by it. */
  readonly key: string;
  /** All that an init segment says, but for what tells of one file alone, such as bit rates. */
  readonly text: string;
  /** RFC 6381, of the tracks that there are. */
  readonly codecs: { readonly v: string | undefined; readonly a: string | undefined };
}

/** An init segment by its configuration. */
export interface InitName {
  /** As `Configuration` has it. */
  readonly key: string;
  /** What `configurationName` gives. */
  readonly configuration: string;
  readonly tracks: StreamTracks;
}

/** Where a summary has `Configuration.key`. */
const KEY_AT = INDEX_HEADER_SIZE + TrackRecordAt.descriptionHash;

/** Configurations, as long as their recordings are kept. */
const known = new WeakMap<TimedSegment, Configuration>();

/** The configuration of a recording. @param like one that may have the same, such as the recording before it */
export function configurationOf(timed: TimedSegment, like?: TimedSegment): Configuration {
  let configuration = known.get(timed);
  if (configuration === undefined) {
    configuration = like !== undefined && isAlike(timed, like) ? configurationOf(like) : newConfiguration(timed);
    known.set(timed, configuration);
  }
  return configuration;
}

/** Whether two recordings have one configuration, told without making either. */
function isAlike(one: TimedSegment, other: TimedSegment): boolean {
  const others = other.summary.tracks;
  return (
    one.kind === other.kind &&
    one.summary.tracks.every((track, i) => {
      const record = others[i];
      if (track.descriptionCount !== record?.descriptionCount) return false;
      if (commonFlags(track) !== commonFlags(record) || track.tkhdFlags !== record.tkhdFlags) return false;
      return isPresentedAlike(one.summary, other.summary, i);
    })
  );
}

function newConfiguration({ summary }: TimedSegment): Configuration {
  const tracks = streamedTracks(summary, "av").map(({ trackIndex, record, trackId }) => [
    ...[trackId, record.handler, streamTimescale(record), record.codec],
    ...[record.descriptionHash, record.descriptionCount, commonFlags(record), record.tkhdFlags],
    hex(presentationOf(summary, trackIndex)),
  ]);
  const [v, a] = (["v", "a"] as const).map((kind) => streamedTracks(summary, kind)[0]?.record.codec);
  return { key: hex(summary.bytes.subarray(KEY_AT, KEY_AT + 8)), text: JSON.stringify(tracks), codecs: { v, a } };
}

/** RFC 6381, comma separated, of the tracks that are asked for and there. */
export function codecsOf({ codecs: { v, a } }: Configuration, tracks: StreamTracks): string {
  return [tracks === "a" ? undefined : v, tracks === "v" ? undefined : a].filter((codec) => codec !== undefined).join();
}

/** Names a configuration: 64 bits of its SHA-256, hexadecimal. */
export async function configurationName({ text }: Configuration, sha256: Sha256 = webSha256): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(text));
  return hex(hash.subarray(0, 8));
}

/**
 * The init segment of a recording's configuration: the same bytes from each recording that has it. Undefined when it has
 * none of the tracks.
 * @param index of the recording
 */
export function initSegment(
  core: Core,
  { summary }: TimedSegment,
  index: Uint8Array,
  asked: StreamTracks,
): Uint8Array | undefined {
  const tracks = streamedTracks(summary, asked).map(({ trackIndex, record, trackId }): MovieTrack => {
    const { descriptionOffset: at, descriptionLength: length } = record;
    return {
      id: trackId,
      handler: record.handler,
      timescale: streamTimescale(record),
      flags: commonFlags(record),
      ...{ samples: 0, sttsEntries: 0, cttsEntries: 0, syncSamples: 0, stscEntries: 0, chunks: 0, constantSize: 0 },
      descriptionCount: record.descriptionCount,
      descriptions: core.entries.plain(record.handler, index.subarray(at, at + length)),
      ...{ duration: 0, editDelay: 0, editTime: -1, editDuration: 0 },
      presentation: presentationOf(summary, trackIndex),
      tkhdFlags: record.tkhdFlags,
      source: { trackIndex, id: record.id, kept: new Uint8Array(0) },
    };
  });
  if (tracks.length === 0) return undefined;
  return core.boxes.movie(
    tracks,
    { timescale: MOVIE_TIMESCALE, duration: 0 },
    { fragmented: true, wide: false, chapters: [] },
  ).bytes;
}
