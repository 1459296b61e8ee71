/** Every call that works on an index, as planning and serving make them. */
import { leftOut, wholeTrack, type PieceTrack } from "../../src/core/planning/piece.ts";
import type { Core } from "../../src/core/wasm/module.ts";
import { lengthOf } from "../../src/base/bytes.ts";
import { spansOf, type LoadedIndex } from "../../src/core/wasm/loaded-index.ts";
import { Table, SelectionRule } from "../../src/core/wasm/abi/names.ts";
import type { Counts, Selected } from "../../src/core/wasm/abi/records.ts";
import { readSummary, type Summary } from "../../src/core/wasm/records/summary.ts";

const TABLES = [Table.Stts, Table.Ctts, Table.Stss, Table.Stsc, Table.Stsz, Table.Stco, Table.Co64];

/**
 * Takes all of the segment and a cut from its middle, in its own timescales and in another, through every table and
 * listing. @throws Error when two of them disagree (where they have to be `exact`), BoxcarError as the core does
 */
export function exercise(core: Core, index: Uint8Array, options: { listed: boolean; exact: boolean }): void {
  core.withIndex(index, (loaded) => {
    const summary = readSummary(index);
    const whole = piece(summary, summary.tracks.map(wholeTrack), false);
    const inlined = summary.tracks.map((record, trackIndex) => {
      return { ...record, bytes: record.bytes + (whole[trackIndex]?.prefix ?? 0) * record.syncSamples };
    });
    serve(loaded, counted(whole, inlined), summary, options.exact);
    const cut = summary.tracks.map((record, trackIndex) => {
      const middle = Math.round((record.start + record.end) / 2);
      const rules = trackIndex % 2 === 0 ? SelectionRule.FromSync | SelectionRule.Closed : 0;
      return loaded.select(trackIndex, { start: middle, end: Number.POSITIVE_INFINITY, rules, preroll: 0 });
    });
    for (const rescaled of [false, true]) {
      const tracks = piece(summary, cut, rescaled);
      serve(loaded, counted(tracks, loaded.measure(tracks).counts), summary, options.exact);
    }
    const before = summary.tracks.map((record, trackIndex) => {
      const end = Math.round((record.start + record.end) / 2);
      return loaded.select(trackIndex, {
        start: Number.NEGATIVE_INFINITY,
        end,
        rules: SelectionRule.Closed,
        preroll: 9,
      });
    });
    loaded.measure(piece(summary, before, false));
    if (options.listed && loaded.samples().length !== summary.sampleCount && options.exact)
      throw new Error("samples are missing");
  });
}

function piece(summary: Summary, selected: readonly Selected[], rescaled: boolean): PieceTrack[] {
  return summary.tracks.map((record, trackIndex): PieceTrack => {
    const samples = selected[trackIndex];
    if (samples === undefined || samples.count === 0) return leftOut(record);
    return {
      ...leftOut(record),
      first: samples.first,
      count: samples.count,
      dts: Math.max(0, samples.dts),
      timescale: rescaled ? 44_100 : record.timescale,
      lastDuration: samples.lastDuration,
      trackId: trackIndex + 1,
      prefix: trackIndex === summary.reference ? 3 : 0,
      outputFlags: record.flags,
    };
  });
}

function counted(tracks: readonly PieceTrack[], counts: readonly Counts[]): PieceTrack[] {
  return tracks.map((track, trackIndex) =>
    track.count > 0 ? { ...track, counts: counts[trackIndex] ?? track.counts } : track,
  );
}

function serve(loaded: LoadedIndex, tracks: readonly PieceTrack[], summary: Summary, exact: boolean): void {
  const lengths = tracks.map(({ count, counts: { sttsEntries, cttsEntries, syncSamples, stscEntries, chunks } }) => [
    sttsEntries * 8,
    cttsEntries * 8,
    syncSamples * 4,
    stscEntries * 12,
    count * 4,
    chunks * 4,
    chunks * 8,
  ]);
  tracks.forEach((track, trackIndex) => {
    if (track.count === 0) return;
    for (const [i, table] of TABLES.entries()) {
      const { length } = loaded.table(tracks, trackIndex, table, 0);
      if (length !== lengths[trackIndex]?.[i])
        throw new Error(`table ${table} has ${length} bytes, not ${lengths[trackIndex]?.[i]}`);
    }
  });
  const bytes = tracks.reduce((sum, track) => sum + track.counts.bytes, 0);
  const spanned = lengthOf([...spansOf(loaded.spans(tracks).spans)]);
  if (exact && spanned !== bytes) throw new Error(`the spans have ${spanned} bytes, not ${bytes}`);
  const { fragments, spans } = loaded.fragments(tracks, 1);
  if (exact && lengthOf([...spansOf(spans)]) !== bytes) throw new Error("the fragments' spans differ");
  const timescale = summary.tracks[summary.reference]?.timescale ?? 1;
  const references = loaded.accessEntries(tracks, Table.Sidx, timescale, { offset: 0, hiddenStart: 0, hiddenEnd: 0 });
  if (references.length !== fragments.length * 12) throw new Error("sidx has another number of fragments");
  loaded.accessEntries(tracks, Table.Tfra, timescale, { offset: 0, hiddenStart: 0, hiddenEnd: 0 });
}
