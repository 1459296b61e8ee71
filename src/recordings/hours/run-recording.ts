import { meanDuration, millisecondsOf } from "../../core/ticks.ts";
import type { Divider } from "../../core/streaming/divider.ts";
import { GROUP_FIELDS, GroupList } from "../../core/streaming/group-list.ts";
import {
  TimedRecording,
  type StreamedPicture,
  type StreamedRecording,
  type StreamedSound,
} from "../../core/streaming/streamed-recording.ts";
import { TimedSegment } from "../../core/planning/placed-segment.ts";
import { streamedTracks } from "../../core/streamed-tracks.ts";
import type { RunSpan } from "./run-place.ts";
import { at, type RunGroups, type RunTrack, type SegmentRun } from "./segment-run.ts";

/** Divides the recordings of spans: an `AddSpans`. */
export function addRecordings(divider: Divider, spans: readonly RunSpan[]): boolean {
  if (spans.some(({ run }) => run.groups === undefined)) return false;
  for (const { run, first, end } of spans) {
    const { groups } = run;
    if (groups === undefined) continue;
    const like = new AlikeRecordings(run, groups);
    const configuration = divider.configurationOf(like.first.timed);
    for (let i = first; i < end; i++) {
      const [begin, until] = [at(groups.begins, i), at(groups.begins, i + 1)];
      const list = new GroupList(groups.numbers, begin * GROUP_FIELDS.length, until - begin);
      divider.addWhole(new RunRecording(like, i), list, configuration);
    }
  }
  return true;
}

/** What the recordings of a run have in common. */
class AlikeRecordings {
  readonly run: SegmentRun;
  readonly groups: RunGroups;
  /** The first recording, with all of its summary. */
  readonly first: TimedRecording;
  readonly reference: RunTrack;
  readonly video: RunTrack | undefined;
  readonly audio: RunTrack | undefined;
  readonly picture: StreamedPicture | undefined;
  readonly sound: StreamedSound | undefined;

  constructor(run: SegmentRun, groups: RunGroups) {
    this.run = run;
    this.groups = groups;
    this.first = new TimedRecording(new TimedSegment(run.first));
    const { summary } = this.first.timed;
    const trackOf = (index: number): RunTrack | undefined => run.tracks[index];
    const of = (kind: "v" | "a"): RunTrack | undefined =>
      streamedTracks(summary, kind).map(({ trackIndex }) => trackOf(trackIndex))[0];
    const reference = trackOf(summary.reference);
    if (reference === undefined) throw new RangeError("a run without a reference track");
    [this.reference, this.video, this.audio] = [reference, of("v"), of("a")];
    [this.picture, this.sound] = [this.first.picture, this.first.sound];
  }
}

/** One of a run, by its columns. */
class RunRecording implements StreamedRecording {
  readonly id: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly timescale: number;
  readonly start: number;
  readonly samples: number;
  readonly timed = undefined;
  readonly #like: AlikeRecordings;
  readonly #number: number;

  constructor(like: AlikeRecordings, number: number) {
    const { run, groups, reference } = like;
    this.id = at(groups.ids, number);
    this.startMs = at(run.startMs, number);
    this.durationMs = millisecondsOf(at(run.length, number), run.timescale);
    this.timescale = run.timescale;
    this.start = at(run.start, number);
    this.samples = at(reference.ownSamples, number);
    this.#like = like;
    this.#number = number;
  }

  get fragments(): number {
    return at(this.#like.groups.fragments, this.#number);
  }

  get picture(): StreamedPicture | undefined {
    const { picture, video } = this.#like;
    if (picture === undefined || video === undefined) return undefined;
    const [samples, lasting] = [at(video.ownSamples, this.#number), at(video.ownLasting, this.#number)];
    return { ...picture, usual: meanDuration({ samples, duration: lasting, lastDuration: 0 }) };
  }

  get sound(): StreamedSound | undefined {
    const { sound, audio, groups } = this.#like;
    if (sound === undefined || audio === undefined || groups.sound === undefined) return undefined;
    const i = this.#number;
    const duration = at(groups.sound.duration, i);
    return {
      codec: sound.codec,
      timescale: sound.timescale,
      samples: at(audio.ownSamples, i),
      duration,
      lastDuration: duration - at(audio.ownLasting, i),
      bytes: at(groups.sound.bytes, i),
      firstPts: at(groups.sound.firstPts, i),
      sttsEntries: at(groups.sound.sttsEntries, i),
      flags: at(groups.sound.flags, i),
    };
  }

  get isOfSound(): boolean {
    return this.#like.audio === this.#like.reference;
  }
}
