/**
 * The core: MP4 bytes to segment indexes, and indexes to outputs and pictures, without a catalog, a server or a runtime.
 *
 * @example
 * const core = createCore(await WebAssembly.compileStreaming(fetch("boxcar.wasm")));
 * const read = async ({ offset, length }) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
 * const indexed = await indexObject(core, file.size, read);
 * const plan = await planSegments({ core }, [{ ...indexed, startMs: 0, read }], { startMs: 1500, endMs: 4000 });
 * for await (const chunk of plan.media("mp4").read({ offset: 0, length: plan.size("mp4") })) await out.write(chunk);
 */
export { BoxcarError, type ErrorFields } from "../base/errors.ts";
export type { ByteSpan, Pace, Sha256 } from "../base/ports.ts";
export { createCore, type Core } from "./wasm/module.ts";
export type { BuiltIndex, MetadataBox } from "./wasm/built-index.ts";

export type { Aside } from "./wasm/aside.ts";
/** @internal */
export { AsideWorker } from "./wasm/aside-worker.ts";
/** @internal */
export type { AskTask, BuildTask } from "./wasm/aside.ts";
/** @internal */
export type { PackedAnswer } from "./wasm/index-request.ts";

export { indexObject } from "./indexing/index-object.ts";
export { StreamIndexer } from "./indexing/stream-indexer.ts";
export type { IndexLimits } from "./indexing/metadata-scan.ts";
export { FragmentReader, type StreamHeader, type StreamPart } from "./indexing/fragment-reader.ts";
/** @internal */
export { LiveBoxes, type LiveRun, type LiveTrack } from "./wasm/live-boxes.ts";
export { GrowingIndex, readPart, type PartFacts } from "./indexing/growing-index.ts";
export type { IndexedSegment, SegmentDescription, TrackDescription } from "./indexing/segment-index.ts";
export { instantOf, type StatedSource, type StatedStart } from "./indexing/stated-start.ts";
export { describeSummary } from "./indexing/describe.ts";
/** @internal */
export { warningsOf } from "./indexing/describe.ts";
export { isSummary, summaryOf } from "./wasm/records/summary.ts";
export { inspectObject, inspectSamples } from "./indexing/inspect-object.ts";
export type { ListedBox, Sample } from "./wasm/records/listing.ts";

export { planSegments, type SegmentsParts, type SegmentsRange } from "./plan-segments.ts";
export { streamSegments, type SegmentOfStream, type SegmentStream, type StreamRange } from "./stream-segments.ts";
export type { Plan, RangeOutline } from "./plan.ts";
export type { SegmentsQuery } from "./compose.ts";
export type { ChapterOptions, ClockOptions, Mark } from "./layout/chapters.ts";
/** @internal */
export { MOST_CHAPTERS } from "./layout/chapters.ts";
export type { Interval } from "../base/interval.ts";
export type { ClockReading } from "./planning/recorded-times.ts";
export type { Media } from "./reading/media.ts";
export { INDEX_PAGE, wholeDuration, type Indexes, type RecordedSegment, type SegmentSource } from "./segment.ts";

export { planFrame, planKeyframes, type FrameTime } from "./frames.ts";
/** @internal */
export { findKeyframes } from "./frames.ts";
export type { FrameClip, FrameSample } from "./frame-clip.ts";
export { sampledEnd, shownSize } from "./shown.ts";
/** @internal */
export { expectedStart } from "./expected-start.ts";
/** @internal */
export { goesOnAmidGroup } from "./planning/lead.ts";

export { notedGroups, USUAL_GROUPS } from "./streaming/groups.ts";
export { PART_MS, type PartedSegment, type PartialSegment, type PartName } from "./streaming/partial-segments.ts";
export { configurationName, type Configuration, type InitName } from "./streaming/init-segment.ts";
/** @internal */
export { codecsOf } from "./streaming/init-segment.ts";
export type { MediaName, StreamedMedia } from "./streaming/media-segment.ts";
export { streamedTracks, type StreamTracks } from "./streamed-tracks.ts";
export type {
  StreamedGap,
  StreamedSegment,
  StreamedStretch,
  StreamSink,
  UnfinishedSegment,
} from "./streaming/streamed.ts";
export { StreamMeasure } from "./streaming/stream-measure.ts";
