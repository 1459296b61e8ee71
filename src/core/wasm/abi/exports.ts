/** Written by `npm run abi` from abi/schema.ts: change it there. */
/** What `build/boxcar.wasm` exports. Calls return a Status and report through the Result at `result()`. */
export interface Exports {
  memory: WebAssembly.Memory;
  abiVersion(): number;
  /** Address of the Result record. */
  result(): number;
  /** Forgets all inputs and outputs. */
  reset(): void;
  /** Address of `size` bytes, aligned to 16; 0 when memory is out. */
  allocate(size: number): number;
  /** Forgets what lies at `pointer` and behind it, so that the next room is there. */
  rewind(pointer: number): void;
  /**
   * Classifies the top-level box whose first `length` bytes (at least 8) are at `pointer`. Result: `length` a Scan,
   * `box` its type, `total` its size with header, 0 when it extends to the end of the file.
   */
  scan(pointer: number, length: number, offset: number, complete: number): number;
  /**
   * Builds a segment index from `count` extents of a file of `size` bytes. Result: the index; `listPointer` a
   * MovieClock.
   */
  index(extents: number, count: number, buffer: number, size: number): number;
  /** Checks that an index can be walked safely. */
  check(index: number, length: number): number;
  /** Fills the answer of a Selection. */
  select(index: number, trackIndex: number, selection: number): number;
  /**
   * Divides the samples of a track into groups of pictures: one ends at the first sync sample that is presented
   * `least` ticks or more after its own; what precedes the first sync sample is one by itself. Result: Group
   * records.
   */
  groups(index: number, trackIndex: number, least: number): number;
  /**
   * Fills a Selected record, but for `shown`, with what is true of samples given by number; its `presentedEnd` is
   * where the sample behind them is presented when that is a sync sample. Result: `count` 1 when they begin with a
   * sync sample, and 2 more when one follows them.
   */
  run(index: number, trackIndex: number, first: number, count: number, selected: number): number;
  /** Fills the counts of PieceTrack records. Result: `total` bytes of media, `count` fragments. */
  measure(index: number, tracks: number): number;
  /**
   * Writes a piece's entries of one table of the track `trackIndex`. `before`: samples (stss) or chunks (stsc) in
   * front of the piece, or the output offset of its media (stco, co64). Writes `most` entries at most, those behind
   * the first `from` bytes. Result: the entries.
   */
  table(
    index: number,
    tracks: number,
    trackIndex: number,
    kind: number,
    before: number,
    from: number,
    most: number,
  ): number;
  /**
   * Lists a piece's media bytes in output order, of `most` runs of samples at most. `state`: what the call before
   * handed out, 0 at first. Result: Span records; the state.
   */
  spans(index: number, tracks: number, most: number, state: number): number;
  /**
   * Writes the headers of an output. `timescale`: movie ticks a second; `duration`: movie ticks of the longest
   * media. Result: the bytes; the list is of Splice records; `total` the bytes with all splices filled.
   */
  movie(
    tracks: number,
    count: number,
    timescale: number,
    duration: number,
    fragmented: number,
    wide: number,
    chapters: number,
    chapterCount: number,
  ): number;
  /**
   * Writes the next fragments of a piece, of `most` samples or those of one fragment more, its first one numbered
   * `sequence`. `state` as in `spans`. Result: their headers; the list is of Fragment records; the spans; the state.
   */
  fragments(index: number, tracks: number, sequence: number, most: number, state: number): number;
  /**
   * Writes the next of a piece's entries of `sidx` or `tfra`, for fragments as in `fragments`. `offset`: where its
   * first fragment starts in the output; `hiddenStart`, `hiddenEnd`: ticks of `timescale` at its start and end that
   * are not presented. Result: the entries; the state.
   */
  accessEntries(
    index: number,
    tracks: number,
    kind: number,
    timescale: number,
    offset: number,
    hiddenStart: number,
    hiddenEnd: number,
    most: number,
    state: number,
  ): number;
  /**
   * Writes the head of a `sidx` box for `count` references. `start`: ticks; `distance`: bytes between the box and
   * the first fragment.
   */
  sidxHead(trackId: number, timescale: number, start: number, distance: number, count: number): number;
  /**
   * Writes an `mfra` box for one track without its `count` entries. Result: the bytes; `count` how many of the last
   * ones go behind the entries.
   */
  mfra(trackId: number, count: number): number;
  /** Result: the sample entry of captions. */
  captionEntry(): number;
  /** Writes the entries of a table of the captions, whose samples are one chunk at `start`. */
  captionTable(blocks: number, count: number, kind: number, start: number): number;
  /** Writes the samples of a block. `offset`: minutes that the clock shown is ahead of UTC. */
  captions(block: number, offset: number): number;
  /** Writes `moof` and the header of `mdat` for a block. */
  captionFragment(block: number, trackId: number, sequence: number): number;
  /** Moves a `moof` of a file, and the media behind it, from one offset to another, in place. Result: the box. */
  moveFragment(pointer: number, length: number, from: number, to: number): number;
  /**
   * Writes the sample entry `type`, `avc1` or `hvc1`, of parameter sets, each behind its length in four bytes.
   * Result: the entry; `count` how many pictures may precede one in decoding and follow it in output, 4294967295
   * when that is not told.
   */
  videoEntry(sets: number, length: number, type: number): number;
  /**
   * Writes the sample entry of an AudioSpecificConfig. Result: the entry; `count` the samples of a frame; `total`
   * samples a second.
   */
  aacEntry(config: number, length: number): number;
  /** Writes `ftyp` and `moov` of a stream of LiveTrack records. Result: the bytes. */
  liveMovie(tracks: number, count: number): number;
  /**
   * Writes `moof` and the header of `mdat` for LiveRun records, whose LiveSample records lie one behind the other,
   * as their media does. Result: the bytes.
   */
  liveFragment(runs: number, count: number, samples: number, sequence: number): number;
  /**
   * Writes a `moov` whose sample entry of a track has the parameter sets that stand in a sample, in place of its own
   * of their types. Result: the box; nothing when it has all of them already.
   */
  renewedMovie(moov: number, length: number, trackId: number, sample: number, sampleLength: number): number;
  /** Writes `prft`: that ticks of a track were captured so many microseconds after 1970. Result: the box. */
  producerTime(trackId: number, wallUs: number, mediaTime: number): number;
  /** Reads `prft`. Result: a ProducerTime; none when it states another time than that of capture or encoding. */
  readProducerTime(pointer: number, length: number): number;
  /** Lists every sample of an index, in file order. Result: SampleRecord records. */
  samples(index: number): number;
  /**
   * Lists a kept top-level box at `offset` in the file and the boxes inside it, parents first. Result: BoxRecord
   * records.
   */
  boxes(pointer: number, length: number, offset: number): number;
  /**
   * Collects the parameter sets of the first sample entry, each behind its length as samples have it, filled up to
   * `least` bytes by supplemental enhancement information: at least 16 more than they have, or 0 for none. Result:
   * them; `count` the bytes of a length, 0 without any; `total` the bytes of the entry.
   */
  parameterSets(entries: number, length: number, least: number): number;
  /** Rewrites the name of a sample entry to the one that allows parameter sets in the samples. Result: the entry. */
  inbandEntry(entry: number, length: number): number;
  /**
   * Leaves out of sample entries what only tells of the file they came from: bit rates, and lengths of all its
   * samples. Result: the entries.
   */
  plainEntries(handler: number, entries: number, length: number): number;
  /**
   * Gives the sample entries of H.265 the name `type`, `hvc1` or `hev1`; the first one only where all parameter sets
   * stand in the entry. Result: the entries.
   */
  namedEntries(entries: number, length: number, type: number): number;
  /** Writes the codecs of all sample entries. Result: Codec records. */
  codecs(handler: number, entries: number, length: number): number;
  /**
   * Writes a silent sample for a sample entry. Result: it, of length 0 when none is known of the codec; `count` its
   * duration in ticks of `timescale`.
   */
  silentSample(entry: number, length: number, timescale: number): number;
  /**
   * Writes the boxes of a file of `count` equal samples of `size` bytes and `duration` ticks. Result: 16 bytes of
   * the start, then `moov`.
   */
  silentMovie(entry: number, length: number, timescale: number, count: number, size: number, duration: number): number;
  /**
   * How far a timecode goes on in `ticks` of `timescale`, by its sample entry. Result: `total` what its number grows
   * by, 0 when the entry is none of 32-bit timecodes; `count` the number that follows the last one of a day, 0 when
   * it counts on.
   */
  timecodeStep(entry: number, length: number, ticks: number, timescale: number): number;
  /** Raises a sample entry so that it states what another one needs, too. Result: the entry. */
  coveringEntry(entry: number, length: number, other: number, otherLength: number): number;
}
