/** How fragments begin: what they hide in front of a presentation, and what is on when it starts. */
import type { OutputTrack } from "../planning/output-track.ts";
import type { PieceTrack } from "../planning/piece.ts";
import { millisecondsOf, ticksOf } from "../ticks.ts";
import { isAudio, isVideo } from "../track-kinds.ts";
import type { LayoutParts } from "./layout.ts";

/** What is only decoded behind the end of a presentation is over this much after it, or two and a half frames where these are longer, if it can be. */
export const HELD_MS = 100;

/**
 * Where pictures lie around the start of fragments, in usual durations of a picture. ffmpeg takes the edit list of a fragmented file for
 * a start alone, counts time from the first sample of any track, and complains of pictures that round to one time of the frame rate,
 * other than 0. So hidden pictures, and the one on screen, round to 0, and no two others to one:
 *
 *     -0.96 … -0.6      -0.48               0       0.4 … 0.6
 *     hidden pictures   the one on screen   start   no picture
 */
const LEAD = 0.6;
const FARTHEST_LEAD = 0.96;
/** Where that lets what is decoded behind the end be closer to it: hidden pictures are still told from the one on screen. */
const LEAST_LEAD = 0.52;
const SHOWN_LEAD = 0.48;
const HALF = 0.5;
const HALF_MARGIN = 0.1;
const LEAST_HALF_MARGIN = 0.04;
/** How far behind a time of the frame rate pictures are when all are put behind the next one. */
const BEHIND_TIME = 0.05;

/** How much earlier than in progressive output a pre-roll is in fragments, ticks. */
export type Early = Required<Pick<PieceTrack, "hiddenEarly" | "shownEarly" | "decodedEarly">>;

/** How much earlier the pre-roll of a track is in fragments; all 0 for sound, and without edit lists. */
export function earlyOf(track: OutputTrack, parts: LayoutParts): Early {
  if (parts.edits === "none" || !isVideo(track)) return { hiddenEarly: 0, shownEarly: 0, decodedEarly: 0 };
  const usual = Math.max(1, Math.round(track.usualDuration));
  const shownEarly = Math.floor(SHOWN_LEAD * usual);
  const past = Math.max(0, -track.shownPts);
  const hiddenEarly = track.hidden === 0 ? 0 : leadOf(track, parts, usual) - track.hidden;
  const early = { hiddenEarly, shownEarly: track.hidden === 0 ? Math.min(past, shownEarly) : shownEarly };
  const lacking = Math.max(0, Math.max(hiddenEarly, early.shownEarly) - track.slack);
  return { ...early, decodedEarly: Math.ceil(lacking / usual) * usual };
}

/** How far ahead the first hidden picture is presented, ticks. */
function leadOf({ hidden, shownPts, presentedEnd, timescale }: OutputTrack, parts: LayoutParts, usual: number): number {
  const least = Math.ceil(LEAD * usual) + hidden;
  const most = Math.max(least, Math.floor(FARTHEST_LEAD * usual));
  const within = (ticks: number): number => ((ticks % usual) + usual) % usual;
  // What is only decoded behind the end can be the closer to it the later the others are within their time.
  const lateMs = millisecondsOf(presentedEnd, timescale) - parts.composition.presentedMs;
  const best = within((HALF - HALF_MARGIN) * usual - shownPts);
  if (lateMs > HELD_MS) {
    if (best >= least) return Math.min(Math.floor(best), most);
    const close = Math.max(Math.ceil(LEAST_LEAD * usual) + hidden, Math.floor(best));
    if (close - best <= (HALF_MARGIN - LEAST_HALF_MARGIN) * usual) return close;
    // Where the next picture begins almost a whole one after the start, a little more puts all of them behind the next time.
    return usual + shownPts > HALF * usual ? usual + Math.ceil(within(BEHIND_TIME * usual - shownPts)) : most;
  }
  const isNearHalf = Math.abs(within(least + shownPts) / usual - HALF) < HALF_MARGIN;
  return isNearHalf ? Math.min(most, least + Math.ceil(1.5 * HALF_MARGIN * usual)) : least;
}

/** When the first sample of a track is presented in fragments, ticks. */
export function firstOf(track: OutputTrack, parts: LayoutParts): number {
  const { hiddenEarly, shownEarly } = earlyOf(track, parts);
  return (
    unheardOf(track, parts)?.firstDts ?? track.firstPts - (track.hidden === 0 ? shownEarly : hiddenEarly + track.hidden)
  );
}

/** Decoders of Opus leave out so much of the first sample, which then still ends before the next (`PreSkip` of libopus). */
const OPUS_SKIPPED_MS = 6.5;

/** How fragments begin a sound track, ticks. */
export interface Unheard {
  /** Behind the first hidden sample, beside those that all of them are apart. */
  readonly ahead: number;
  /** When the first sample that is heard is presented. */
  readonly start: number;
  readonly firstDts: number;
}

/** Sound that would begin long before hidden pictures begins with them. Undefined for tracks that begin as recorded. */
export function unheardOf(track: OutputTrack, parts: LayoutParts): Unheard | undefined {
  const { shownPts, unheard, apart, timescale } = track;
  const video = parts.composition.tracks.find((each) => isVideo(each) && (each.hidden > 0 || each.shownPts < 0));
  if (parts.edits === "none" || !isAudio(track) || video === undefined || shownPts + unheard === 0) return undefined;
  const lead = Math.floor((-firstOf(video, parts) * timescale) / video.timescale);
  if (-track.firstPts <= lead) return undefined;
  const skipped = track.codec === "opus" && unheard > 0 ? ticksOf(OPUS_SKIPPED_MS, timescale) : 0;
  const start = Math.max(shownPts, Math.min(0, unheard * apart + skipped - lead));
  const ahead = unheard === 0 ? 0 : Math.max(skipped, start + lead - unheard * apart);
  return { ahead, start, firstDts: start - unheard * apart - ahead };
}

/** When the first sample of a track is decoded in fragments, ticks. */
export function firstDtsOf(track: OutputTrack, parts: LayoutParts): number {
  return unheardOf(track, parts)?.firstDts ?? track.firstDts - earlyOf(track, parts).decodedEarly;
}

/** A track of a first piece, with its pre-roll as early as in fragments. */
export function withPreroll(track: PieceTrack, early: Early): PieceTrack {
  const { lastDuration, endsPreroll = false } = track;
  return { ...track, ...early, lastDuration: lastDuration + (endsPreroll ? early.decodedEarly : 0) };
}

/** The first samples of a sound track, as early as in fragments. */
export function heardTrack(track: PieceTrack, unheard: Unheard | undefined, output: OutputTrack): PieceTrack {
  const { heard, count, lastDuration } = track;
  if (heard === undefined || unheard === undefined) return track;
  const { ahead, start } = unheard;
  const later = count === output.unheard + 1 ? start - output.shownPts : 0;
  return { ...track, shown: heard, start, ahead, lastDuration: lastDuration - later };
}
