import { BoxcarError } from "../../base/errors.ts";
import { bytesOfHex } from "../../base/bytes.ts";
import { LiveBoxes, type Core } from "../../core/index.ts";
import { AacFrames } from "./aac-frames.ts";
import { HandOver } from "./hand-over.ts";
import type { Medium } from "./sdp.ts";
import type { RtpPacket } from "./rtp.ts";
import type { TrackClock } from "./track-clock.ts";
import type { TimedSample } from "./timed-sample.ts";

/** Makes samples of the packets of an AAC stream. */
export class SoundTrack {
  readonly entry: Uint8Array;
  readonly #clock: TrackClock;
  readonly #frames = new AacFrames();
  /** Ticks of a frame. */
  readonly #ticks: number;

  /** @throws HandOver when its configuration cannot be read */
  constructor(core: Core, { parameters, clockRate }: Medium, clock: TrackClock) {
    this.#clock = clock;
    const config = parameters.get("config") ?? "";
    if (!/^(?:[\da-f]{2}){2,64}$/i.test(config)) throw new HandOver("its sound has no configuration");
    try {
      const { entry, frame, rate } = new LiveBoxes(core).aacEntry(bytesOfHex(config));
      this.entry = entry;
      this.#ticks = (frame * clockRate) / rate;
    } catch (error) {
      if (error instanceof BoxcarError) throw new HandOver("the configuration of its sound cannot be read");
      throw error;
    }
  }

  /** The samples that the next packet ends. @throws HandOver as `AacFrames.push` does */
  push(packet: RtpPacket, isAfterLoss: boolean): TimedSample[] {
    const frames = this.#frames.push(packet, isAfterLoss);
    if (frames.length === 0) return [];
    const start = this.#clock.timestamps.extend(packet.timestamp);
    return frames.map((frame, i) => {
      const pts = start + Math.round(i * this.#ticks);
      return { pts, dts: pts, duration: 0, isSync: true, data: frame, bytes: frame.length, entry: undefined };
    });
  }
}
