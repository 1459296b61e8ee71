import { Warning } from "../wasm/abi/names.ts";
import { millisecondsOf } from "../ticks.ts";
import { readSummary, summaryOf, type Summary, type TrackRecord } from "../wasm/records/summary.ts";
import { fourccText } from "../wasm/view.ts";
import type { BuiltIndex } from "../wasm/built-index.ts";
import { shownSize } from "../shown.ts";
import { doubtsOf } from "./doubtful-tracks.ts";
import type { IndexedSegment, SegmentDescription, TrackDescription } from "./segment-index.ts";
import { statedStart } from "./stated-start.ts";

/** What people are told of each Warning, in this order. */
const WARNINGS: readonly (readonly [bit: number, sentence: string])[] = [
  [Warning.TrailingBytes, "Bytes after the last whole box were ignored."],
  [Warning.EditListSimplified, "An edit list asks for several edits; only the first one is followed."],
  [Warning.DurationsRepaired, "Sample durations did not match the samples and were cut or extended."],
  [Warning.OffsetsRepaired, "Composition offsets did not match the samples and were cut or extended."],
  [Warning.EmptyTrack, "Tracks without samples were left out."],
  [Warning.LastFragmentDropped, "An incomplete last movie fragment was left out."],
  [Warning.ChunksRepaired, "Chunks held more samples than the track; what was beyond was ignored."],
  [Warning.MediaPastEnd, "The file ends before its last mdat box does; all samples are inside."],
  [Warning.HintTracks, "Hint tracks were left out: they only tell servers how to send the other tracks."],
  [Warning.DescriptionsDropped, "Metadata of more than 64 KiB was left out: media and times are complete."],
  [Warning.Encrypted, "A track is encrypted: the segment is served as it is, never cut."],
];

/** Splits an index that was just built into its summary and a description for people. */
export function describeIndex({ index, clock }: BuiltIndex): IndexedSegment {
  const summary = summaryOf(index).slice();
  const description = describeSummary(summary);
  return { index, summary, description, statedStart: statedStart(clock, description.durationMs) };
}

/** What a segment holds, from its summary alone. */
export function describeSummary(bytes: Uint8Array): SegmentDescription {
  const summary = readSummary(bytes);
  const reference = summary.tracks[summary.reference];
  const { width = 0, height = 0 } = shownSize(bytes) ?? {};
  return {
    format: summary.fragmented ? "fmp4" : "mp4",
    durationMs: reference === undefined ? 0 : millisecondsOf(reference.end - reference.start, reference.timescale),
    codecs: summary.tracks.map((track) => track.codec).join(","),
    width: Math.round(width),
    height: Math.round(height),
    tracks: summary.tracks.map(describeTrack),
    warnings: warningsIn(summary),
  };
}

/** What was repaired of a segment, or is doubtful, as `describeSummary` says it: of a list of thousands that is all that is asked. */
export function warningsOf(bytes: Uint8Array): readonly string[] {
  return warningsIn(readSummary(bytes));
}

function warningsIn(summary: Summary): string[] {
  const { warnings } = summary;
  const said = warnings === 0 ? [] : WARNINGS.filter(([bit]) => warnings & bit).map(([, sentence]) => sentence);
  return [...said, ...doubtsOf(summary)];
}

function describeTrack(track: TrackRecord): TrackDescription {
  return {
    id: track.id,
    handler: fourccText(track.handler),
    codec: track.codec,
    timescale: track.timescale,
    samples: track.samples,
    durationMs: millisecondsOf(track.duration, track.timescale),
  };
}
