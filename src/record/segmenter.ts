import { type StreamHeader, type StreamPart, readPart, type PartFacts, type Core } from "../core/index.ts";
import type { Clock } from "../base/ports.ts";
import { LiveClock } from "./live-clock.ts";
import { OpenSegment } from "./open-segment.ts";
import type { SpoolFile } from "./spool.ts";

/** How long the start of a recording may still become earlier: what was cached upstream arrives at once, and late. */
const SETTLING_MS = 1000;
/** A distance between what a stream says and when it arrives, or between two of its times, that is no drift. */
const STEP_MS = 1000;
/** How long it is watched whether what was held up is made up for, milliseconds: at the least, and at the most. */
const DOUBT_MS = 2000;
const LONGEST_DOUBT_MS = 10_000;
/** By how much of that time media that comes as it is captured may be off it, and milliseconds beside that. */
const UNEVEN = 0.1;
const UNEVEN_MS = 100;
/** By how much of a segment's length the next one's start follows the clock: 500 ppm. */
const SLEW = 0.0005;
/** A segment is cut without a sync sample at the start of a part once it lasts this many times as long as it should. */
const OVERDUE = 2;

/** From here on, of what its index is made from, a segment ends at the next sync sample. */
const NEARLY_FULL = 7 / 8;

/** Frames do not come at whole seconds: half of one at 25 a second. */
const ROUNDING_MS = 20;

/** Sound that begins so much before or after the first video, milliseconds, and arrives before it, is of the same segment. */
const SOUND_LEAD_MS = 250;

/** What a segmenter works with. */
export interface SegmenterParts {
  readonly core: Core;
  readonly clock: Clock;
  /** Milliseconds from anywhere on, never set. */
  readonly monotonic: Clock;
  /** Begins the file of a segment that starts about then. */
  readonly create: (startMs: number) => Promise<SpoolFile>;
  /** Takes over a segment that is whole. */
  readonly close: (segment: OpenSegment) => void;
  /** Told after each part that is safe, once it is settled when the segment starts, and of what. */
  readonly grown?: (segment: OpenSegment) => void;
}

/** Since when it is not known whether the stream has stood still before the segment at hand, or before what is not recorded yet. */
interface Doubt {
  /** By the monotonic clock. */
  readonly sinceMs: number;
  /** By the stream's time. */
  readonly mediaMs: number;
}

/**
 * Makes segments of a live stream. A new one begins with the first sync sample after `fragmentMs`, when the header or the parameter
 * sets change, where the stream's time jumps, and before its index is too large to be made at once. Segments of one stream join exactly: what the clock says of the next one's start moves
 * it by 500 ppm at most.
 */
export class Segmenter {
  readonly #parts: SegmenterParts;
  readonly #fragmentMs: number;
  readonly #clock: LiveClock;
  /** As the stream has it, and as its last part needs it. */
  #given: StreamHeader | undefined;
  #header: StreamHeader | undefined;
  #open: OpenSegment | undefined;
  /** Where the segment before ended, on both clocks; undefined when the next one does not go on there. */
  #last: { readonly mediaEndMs: number; readonly endMs: number; readonly durationMs: number } | undefined;
  #settled = false;
  #doubt: Doubt | undefined;
  /** Whether the stream, under the header at hand, has had video, and sound. */
  #hasVideo = false;
  #hasSound = false;

  /** @param fragmentMs milliseconds that a segment should last */
  constructor(parts: SegmenterParts, fragmentMs: number) {
    this.#parts = parts;
    this.#fragmentMs = fragmentMs;
    this.#clock = new LiveClock(parts.clock, parts.monotonic);
  }

  /** The segment at hand. */
  get open(): OpenSegment | undefined {
    return this.#open;
  }

  /** By how much the clock says that the segment at hand began later than it is told to, milliseconds. */
  get driftMs(): number | undefined {
    const open = this.#open;
    return open && this.#clock.wallAt(open.mediaStartMs) - open.startMs;
  }

  /**
   * Takes what has just arrived, and waits until it is safe.
   * @throws BoxcarError of status.ts (422) for a part that cannot be read, and as the spool does
   */
  async take(event: StreamHeader | StreamPart): Promise<PartFacts | undefined> {
    const facts = this.watch(event);
    if (facts !== undefined && event.kind === "part") await this.write(event, facts);
    return facts;
  }

  /**
   * Notes what has just arrived, without recording it.
   * @returns what a part holds; undefined for anything that has no samples
   * @throws BoxcarError of status.ts (422) for a part that cannot be read
   */
  watch(event: StreamHeader | StreamPart): PartFacts | undefined {
    if (event.kind === "header") {
      this.#takeHeader(event);
      return undefined;
    }
    const facts = this.#header && readPart(this.#parts.core, this.#header, event);
    if (facts === undefined) return undefined;
    this.#header = facts.header;
    // A part that brings nothing of the reference track tells nothing of the time.
    this.#hasVideo ||= facts.isVideo;
    this.#hasSound ||= facts.hasSound;
    if (facts.isVideo !== this.#hasVideo) return facts;
    this.#clock.arrived(facts.endMs);
    if (facts.capturedMs !== undefined) this.#clock.captured(facts.startMs, facts.capturedMs);
    // Recorded, it is a segment of its own that is placed then.
    if (this.#open === undefined) this.#watchStandstill(facts);
    return facts;
  }

  #watchStandstill(facts: PartFacts): void {
    if (this.#clock.isHeldUp) this.#doubt ??= { sinceMs: this.#parts.monotonic(), mediaMs: facts.endMs };
    if (this.#doubt !== undefined) this.#decide(this.#doubt, facts);
  }

  /** By how much a part that was watched would end ahead of the clock, milliseconds; what begins a recording is placed by its arrival. */
  aheadMs({ isVideo, startMs, endMs }: PartFacts): number {
    if (!this.#settled || isVideo !== this.#hasVideo) return 0;
    const nowMs = this.#clock.nowMs;
    const [mediaEndMs, endedMs] =
      this.#open === undefined
        ? [this.#last?.mediaEndMs, this.#last?.endMs]
        : [this.#open.mediaEndMs, this.#open.startMs + this.#open.durationMs];
    if (mediaEndMs === undefined || endedMs === undefined) return 0;
    const [jumpMs, lengthMs] = [startMs - mediaEndMs, endMs - startMs];
    const [expectedMs, arrivedMs] = [endedMs + jumpMs, nowMs - lengthMs];
    const goesOn = Math.abs(jumpMs) <= STEP_MS || isMissing(jumpMs, arrivedMs - expectedMs, lengthMs);
    return (goesOn ? expectedMs : Math.max(endedMs, arrivedMs)) + lengthMs - nowMs;
  }

  /** Records a part that was watched, and waits until it is safe. @throws BoxcarError as the spool does */
  async write(part: StreamPart, facts: PartFacts): Promise<void> {
    if (this.#open !== undefined && this.#mustCut(this.#open, facts)) this.end();
    const open = (this.#open ??= await this.#begin(facts));
    if (facts.isVideo && !open.isVideo) open.startWith(facts, this.#earliestMs);
    if (this.#doubt !== undefined) this.#decide(this.#doubt, facts, open);
    if (!this.#settled) this.#place(open);
    this.#settled ||= this.#clock.ageMs >= SETTLING_MS;
    await open.append(part, facts);
    if (this.#settled && this.#doubt === undefined && this.#hasAll(open)) this.#parts.grown?.(open);
  }

  /** Whether a segment has video and sound as the stream has: the first parts may be of one of them, and it would be told to have no other. */
  #hasAll({ isVideo, hasSound, durationMs }: OpenSegment): boolean {
    return (isVideo === this.#hasVideo && hasSound === this.#hasSound) || durationMs >= SETTLING_MS;
  }

  /** Where the segment before ended by the wall clock. */
  get #earliestMs(): number {
    return this.#last?.endMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Places a segment by what has arrived, behind the one before. */
  #place(open: OpenSegment): void {
    open.startMs = Math.max(this.#earliestMs, this.#clock.wallAt(open.mediaStartMs));
  }

  /** Whether the stream has stood still shows by how it goes on: as it is captured, or faster, to make up for what was held up. */
  #decide({ sinceMs, mediaMs }: Doubt, facts: PartFacts, open?: OpenSegment): void {
    const passedMs = this.#parts.monotonic() - sinceMs;
    if (!this.#clock.isHeldUp || passedMs > LONGEST_DOUBT_MS) this.#doubt = undefined;
    else if (passedMs >= DOUBT_MS && Math.abs(facts.endMs - mediaMs - passedMs) <= UNEVEN * passedMs + UNEVEN_MS) {
      this.#clock.stoodStill();
      if (open !== undefined) this.#place(open);
      this.#doubt = undefined;
    }
  }

  /** Hands on the segment at hand; the next one does not go on where it ends. */
  pause(): void {
    this.end();
    this.#last = undefined;
  }

  /** Hands on the segment at hand; what comes next begins another one. */
  end(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#doubt = undefined;
    if (open === undefined || open.parts === 0) return;
    const { startMs, durationMs, mediaEndMs } = open;
    this.#last = { mediaEndMs, endMs: startMs + durationMs, durationMs };
    this.#settled = true;
    this.#parts.close(open);
  }

  #takeHeader(header: StreamHeader): void {
    if (this.#given !== undefined && sameBytes(this.#given.bytes, header.bytes)) return;
    this.end();
    this.#given = header;
    this.#header = header;
    this.#hasVideo = false;
    this.#hasSound = false;
  }

  #mustCut(open: OpenSegment, facts: PartFacts): boolean {
    if (facts.header !== open.header) return true;
    if (facts.isVideo !== open.isVideo)
      return facts.isVideo && Math.abs(facts.startMs - open.mediaStartMs) > SOUND_LEAD_MS;
    if (Math.abs(facts.startMs - open.mediaEndMs) > STEP_MS) return true;
    if ((this.#isLate(open) || this.#mayHaveStoodStill()) && facts.startsSync) return true;
    const lasted = facts.startMs - open.mediaStartMs;
    if (open.fill >= 1) return true;
    if (lasted < this.#fragmentMs - ROUNDING_MS && open.fill < NEARLY_FULL) return false;
    const isOverdue = lasted >= OVERDUE * this.#fragmentMs;
    // Where the picture stands still other tracks go on, which no joint may cut.
    const standsStill = facts.startMs - open.mediaEndMs > ROUNDING_MS;
    return (facts.startsSync && !standsStill) || (facts.hasSync && isOverdue);
  }

  /** Whether the stream stood still without counting it, or the wall clock was set forward: the next segment starts later. */
  #isLate(open: OpenSegment): boolean {
    if (!this.#settled) return false;
    return (
      this.#clock.wallAt(open.mediaEndMs) - (open.startMs + open.durationMs) > STEP_MS ||
      this.#clock.steppedMs > STEP_MS
    );
  }

  #mayHaveStoodStill(): boolean {
    return this.#settled && this.#doubt === undefined && this.#clock.isHeldUp;
  }

  async #begin(facts: PartFacts): Promise<OpenSegment> {
    if (this.#last !== undefined && this.#mayHaveStoodStill())
      this.#doubt = { sinceMs: this.#parts.monotonic(), mediaMs: facts.endMs };
    const startMs = this.#startOf(facts);
    return new OpenSegment(this.#parts.core, await this.#parts.create(startMs), facts, startMs, this.#parts.clock());
  }

  #startOf(facts: PartFacts): number {
    const last = this.#last;
    if (last === undefined) return this.#clock.wallAt(facts.startMs);
    if (this.#clock.steppedMs > -STEP_MS) this.#clock.followWallClock();
    const jumpMs = facts.startMs - last.mediaEndMs;
    if (Math.abs(jumpMs) > STEP_MS) {
      // Either so much is missing, or the stream counts anew: then only the arrival tells.
      const expectedMs = last.endMs + jumpMs;
      this.#clock.restart();
      this.#clock.arrived(facts.endMs);
      if (facts.capturedMs !== undefined) this.#clock.captured(facts.startMs, facts.capturedMs);
      const arrivedMs = this.#clock.wallAt(facts.startMs);
      this.#settled = isMissing(jumpMs, arrivedMs - expectedMs, facts.endMs - facts.startMs);
      // Where nothing is missing, what was cached upstream arrives at once, as at the start.
      return Math.max(last.endMs, this.#settled ? expectedMs : arrivedMs);
    }
    const expectedMs = last.endMs + jumpMs;
    const residualMs = this.#clock.wallAt(facts.startMs) - expectedMs;
    if (residualMs > STEP_MS) return expectedMs + residualMs;
    const most = SLEW * last.durationMs;
    return expectedMs + Math.max(-most, Math.min(most, residualMs));
  }
}

/** Whether the time of a stream jumps over what did not come. @param lateMs by how much what follows comes later than that */
function isMissing(jumpMs: number, lateMs: number, lengthMs: number): boolean {
  return jumpMs > 0 && Math.abs(lateMs) <= STEP_MS + lengthMs;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
