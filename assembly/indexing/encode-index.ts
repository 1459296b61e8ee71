/** Track tables to the columns of a segment index. The output is a function of the input alone. */
import { editSize } from "../box/elst";
import { putVarint } from "../index/columns";
import { hashDescriptions } from "../read/description-hash";
import { encodeOffsets } from "./encode-offsets";
import { encodeSizes } from "./encode-sizes";
import { addFlag, close, copyColumn, IndexWriter, place } from "./index-writer";
import { Status, TrackFlag } from "../abi/names";
import { TrackRecord } from "../abi/records";
import { MAX_GROUP, Run, TrackTables } from "../box/track-tables";
import { fail } from "../memory/status";
import { Code } from "../abi/codes";
import { word } from "../memory/words";

/** An upper bound of the bytes that `track`'s columns take. */
export function columnsBound(track: TrackTables): u64 {
  // No width takes more than four bytes a sample, its exceptions included.
  const sizes: u64 = track.sizes == 0 ? 0 : <u64>track.samples * 4;
  const offsets: u64 = min(<u64>track.offsetRuns * 10, <u64>track.samples * 4 + 68);
  return (
    track.entriesLength +
    <u64>track.editCount * 20 +
    <u64>track.durationRuns * 10 +
    offsets +
    sizes +
    <u64>track.syncRuns * 5 +
    (track.adjacentEnd - track.adjacent) * 2 +
    64
  );
}

/** Writes one track's columns and their places into its record. */
export function encodeTrack(writer: IndexWriter, record: usize, track: TrackTables): void {
  store<u32>(record, track.entryCount, TrackRecord.DESCRIPTION_COUNT);
  copyColumn(writer, record, TrackRecord.DESCRIPTION_OFFSET, track.entries, track.entriesLength);
  store<u64>(record, hashDescriptions(track.entries, track.entriesLength, track.handler), TrackRecord.DESCRIPTION_HASH);

  store<u32>(record, track.editVersion, TrackRecord.EDITS_VERSION);
  const edits = <usize>track.editCount * editSize(track.editVersion);
  copyColumn(writer, record, TrackRecord.EDITS_OFFSET, track.edits, edits);

  place(writer, record, TrackRecord.DURATIONS_OFFSET);
  for (let i: u32 = 0; i < track.durationRuns; i++) {
    const run = track.durations + <usize>i * Run.SIZE;
    writer.next = putVarint(writer.next, load<u32>(run, Run.COUNT));
    writer.next = putVarint(writer.next, load<u32>(run, Run.VALUE));
  }
  close(writer, record, TrackRecord.DURATIONS_OFFSET);

  place(writer, record, TrackRecord.SYNC_OFFSET);
  let syncs: u32 = 0;
  for (let i: u32 = 0; i < track.syncRuns; i++) {
    const length = load<u32>(word(track.syncs, i));
    if ((i & 1) == 0) syncs += length;
    else if (length > <u32>MAX_GROUP) return fail(Status.TooMany, Code.stss, track.stbl);
    writer.next = putVarint(writer.next, length);
  }
  close(writer, record, TrackRecord.SYNC_OFFSET);
  store<u32>(record, syncs, TrackRecord.SYNC_SAMPLES);
  if (syncs == track.samples) addFlag(record, TrackFlag.AllSync);
  if (track.samples > 0 && (track.syncRuns == 0 || load<u32>(track.syncs) == 0)) addFlag(record, TrackFlag.LateSync);
  if (track.encrypted) addFlag(record, TrackFlag.Encrypted);

  encodeSizes(writer, record, track);
  encodeOffsets(writer, record, track);
}
