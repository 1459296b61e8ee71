import type { Core, LiveTrack } from "../../core/index.ts";
import { sourceFailed } from "./hand-over.ts";
import { Parts } from "./parts.ts";
import { readRtp, readRtcp } from "./rtp.ts";
import type { Medium, Session } from "./sdp.ts";
import { SoundTrack } from "./sound-track.ts";
import { TrackClock } from "./track-clock.ts";
import type { TimedSample } from "./timed-sample.ts";
import { VideoTrack } from "./video-track.ts";

/** Seconds of a stream's time at which it begins: decode times of its first pictures may precede those of their presentation. */
const START = 10;
/** Sound that is kept until it is known when the first picture is presented, samples. */
const MOST_WAITING = 500;
/** A step of the time of video, seconds, after which nothing tells how it goes on; back, and forward. */
const STEP_BACK = 1;
const STEP = 60;
/** How long packets may come of which nothing becomes whole, milliseconds: up to the first sync sample it may take minutes. */
const FRUITLESS_MS = 300_000;
/** By how much sound may be off its picture until it is moved, seconds. */
const LARGEST_SKEW = 0.03;

interface Flow {
  readonly id: number;
  readonly kind: "video" | "sound";
  readonly medium: Medium;
  readonly clock: TrackClock;
  readonly track: VideoTrack | SoundTrack;
  sequence: number | undefined;
  /** What is added to ticks of its RTP clock; undefined until the stream begins. */
  offset: number | undefined;
  /** Its newest sample, in ticks of its RTP clock. */
  lastPts: number | undefined;
  lastDts: number;
}

/** Makes fragmented MP4 of the packets of a session. */
export class LiveMedia {
  readonly #core: Core;
  readonly #flows: Flow[] = [];
  readonly #dropped: (packets: number) => void;
  #parts: Parts | undefined;
  #entries = new Map<number, Uint8Array>();
  #waiting: TimedSample[] = [];
  #out: Uint8Array[] = [];
  /** When the medium that parts go by last had a sample, or its first packet. */
  #fruitfulMs: number | undefined;
  /** Media whose senders have left. */
  readonly #left = new Set<number>();

  /**
   * @param dropped told how many packets a server has left out
   * @throws HandOver when a medium cannot be read here
   */
  constructor(core: Core, { video, sound }: Session, dropped: (packets: number) => void) {
    this.#core = core;
    this.#dropped = dropped;
    if (video !== undefined) this.#add("video", video, (clock) => new VideoTrack(core, videoOf(video), clock));
    if (sound !== undefined) this.#add("sound", sound, (clock) => new SoundTrack(core, sound, clock));
  }

  #add(kind: Flow["kind"], medium: Medium, trackOf: (clock: TrackClock) => Flow["track"]): void {
    const clock = new TrackClock(medium.clockRate);
    const track = trackOf(clock);
    const id = this.#flows.length + 1;
    this.#flows.push({
      id,
      kind,
      medium,
      clock,
      track,
      sequence: undefined,
      offset: undefined,
      lastPts: undefined,
      lastDts: 0,
    });
    if (track instanceof SoundTrack) this.#entries.set(id, track.entry);
  }

  /** Notes the RTP timestamp at which a medium begins. @param at 0 or 1: video before sound */
  stated(at: number, timestamp: number): void {
    this.#flows[at]?.clock.stated(timestamp);
  }

  /**
   * Takes a packet of a medium. Returns whether it was one of the medium that parts go by.
   * @param at 0 or 1: video before sound
   * @param nowMs by a clock that is never set
   * @throws HandOver, BoxcarError `source_failed`
   */
  packet(at: number, bytes: Uint8Array, nowMs: number): boolean {
    const flow = this.#flows[at];
    const packet = readRtp(bytes);
    if (flow === undefined || packet?.payloadType !== flow.medium.payloadType) return false;
    if (packet.sequence === flow.sequence) return false; // once more: there is nothing new in it
    const missing = flow.sequence === undefined ? 0 : (packet.sequence - flow.sequence - 1) & 0xffff;
    // Numbers that go back are those of a server that counts anew.
    if (missing > 0 && missing < 0x8000) this.#dropped(missing);
    flow.sequence = packet.sequence;
    flow.clock.arrived(packet.timestamp, nowMs);
    const samples = flow.track.push(packet, missing > 0);
    for (const sample of samples) this.#take(flow, sample);
    if (at !== 0) return false;
    this.#fruitfulMs = samples.length > 0 ? nowMs : (this.#fruitfulMs ?? nowMs);
    if (nowMs - this.#fruitfulMs > FRUITLESS_MS) throw sourceFailed("nothing of what it sends becomes whole");
    return true;
  }

  /** Takes packets of RTCP of a medium. Returns whether all media have ended. */
  control(at: number, bytes: Uint8Array): boolean {
    const { report, isOver } = readRtcp(bytes);
    if (report !== undefined) this.#flows[at]?.clock.reported(report);
    if (isOver) this.#left.add(at);
    return this.#left.size === this.#flows.length;
  }

  /** The bytes that are there by now. */
  take(): Uint8Array[] {
    const out = this.#out;
    if (out.length > 0) this.#out = [];
    return out;
  }

  /** Ends the last part. */
  end(): void {
    const [first] = this.#flows;
    if (first?.track instanceof VideoTrack) for (const sample of first.track.end()) this.#take(first, sample);
    this.#put(this.#parts?.end());
  }

  #take(flow: Flow, sample: TimedSample): void {
    if (flow === this.#flows[0]) {
      this.#lead(flow, sample);
      return;
    }
    if (this.#parts !== undefined) {
      this.#follow(flow, sample);
      return;
    }
    this.#waiting.push(sample);
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift();
  }

  /** A sample of the medium that parts go by. */
  #lead(flow: Flow, sample: TimedSample): void {
    const { clockRate } = flow.medium;
    const step = sample.pts - (flow.lastPts ?? sample.pts);
    if (step < -STEP_BACK * clockRate || step > STEP * clockRate) throw sourceFailed("its time jumped");
    flow.lastPts = sample.pts;
    if (sample.entry !== undefined) this.#entries.set(flow.id, sample.entry);
    if (this.#parts === undefined || sample.entry !== undefined) this.#begin(flow, sample);
    move(sample, flow.offset ?? 0);
    this.#put(this.#parts?.add(flow.id, sample));
    const [, other] = this.#flows;
    if (other === undefined || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.#follow(other, one);
  }

  /** Begins the stream, or goes on with another sample entry. */
  #begin(flow: Flow, sample: TimedSample): void {
    flow.offset ??= START * flow.medium.clockRate - sample.pts;
    const { clock, offset } = flow;
    this.#put(this.#parts?.end());
    this.#parts = new Parts(
      this.#core,
      this.#flows.map((one) => this.#trackOf(one)),
      (ticks) => clock.capturedMs(ticks - offset),
    );
    this.#put(this.#parts.header());
  }

  #trackOf({ id, kind, medium }: Flow): LiveTrack {
    return { id, kind, timescale: medium.clockRate, entry: this.#entries.get(id) ?? new Uint8Array(0) };
  }

  /** A sample of sound beside video, which is moved where the sender says that it belongs. */
  #follow(flow: Flow, sample: TimedSample): void {
    const [lead] = this.#flows;
    if (lead?.lastPts === undefined || lead.offset === undefined) return;
    const { clockRate } = flow.medium;
    const offset = -Math.round(flow.clock.ticksAt(lead.clock, -lead.offset));
    if (flow.offset === undefined || Math.abs(offset - flow.offset) > LARGEST_SKEW * clockRate) flow.offset = offset;
    const { pts } = sample;
    move(sample, flow.offset);
    const { dts } = sample;
    if (dts < START * clockRate) return;
    const last = flow.lastPts === undefined ? dts : flow.lastDts + Math.max(1, (pts - flow.lastPts) >> 1);
    flow.lastPts = pts;
    flow.lastDts = Math.max(dts, last);
    sample.dts = flow.lastDts;
    sample.pts = flow.lastDts;
    this.#put(this.#parts?.add(flow.id, sample));
  }

  #put(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined) this.#out.push(bytes);
  }
}

function move(sample: TimedSample, offset: number): void {
  sample.dts += offset;
  sample.pts += offset;
}

function videoOf(medium: Medium): Medium & { codec: "h264" | "h265" } {
  const { codec } = medium;
  if (codec === "aac") throw new Error("a video of sound");
  return { ...medium, codec };
}
