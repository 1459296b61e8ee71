import { Breather } from "../base/breather.ts";
import { BoxcarError } from "../base/errors.ts";
import type { FairQueue, Turn } from "../base/fair-queue.ts";
import { LruMap } from "../base/lru-map.ts";
import type { PictureDecoder, PictureShape, SheetShape } from "../base/ports.ts";
import { hashOf } from "../base/sha256.ts";
import { afterWaiting } from "./in-turn.ts";
import { DoesNotRestart, restarting } from "./restart.ts";
import { findKeyframes, planFrame, planKeyframes, type Core, type FrameClip } from "../core/index.ts";
import type { Video, VideoMoment } from "./videos.ts";

/** A decoded picture. */
export interface Picture {
  readonly contentType: "image/jpeg" | "image/png";
  readonly bytes: Uint8Array;
  /** 128 bits of the SHA-256 of the bytes, hexadecimal. */
  readonly hash: string;
}

/** A picture of a video, and when the video shows it. */
export interface Still extends Picture {
  /** Wall-clock time from which on it is shown, milliseconds, not rounded. */
  readonly shownMs: number;
}

/** Whether the picture is the one shown at the moment, or the last sync sample up to it, which costs one sample. */
export type Seek = "exact" | "keyframe";

const CONTENT_TYPES = { jpg: "image/jpeg", png: "image/png" } as const;

/**
 * Pictures of videos. Only the samples that a picture is decoded from are read. Decoded ones are kept under what they
 * are made from (the object's key and version, the sample, the shape), and one that is wanted twice at once is decoded
 * once.
 */
export class Pictures {
  readonly #core: Core;
  readonly #decoder: PictureDecoder | undefined;
  readonly #cache: LruMap<string, Uint8Array>;
  readonly #queue: FairQueue;
  readonly #underway = new Map<string, Promise<Uint8Array>>();

  /**
   * @param cacheBytes bytes of pictures that are kept
   * @param queue says when each is decoded
   */
  constructor(core: Core, decoder: PictureDecoder | undefined, cacheBytes: number, queue: FairQueue) {
    this.#core = core;
    this.#decoder = decoder;
    this.#queue = queue;
    this.#cache = new LruMap(cacheBytes, ({ buffer }, name) => buffer.byteLength + 2 * name.length);
  }

  /**
   * @throws BoxcarError `not_available` (501) without a decoder, `busy` (429) when as many pictures wait as may,
   *   `client_gone` (499), and as `planFrame`, the decoder and the store do
   */
  async still({ video, atMs, before = [] }: VideoMoment, shape: PictureShape, seek: Seek, turn: Turn): Promise<Still> {
    const decoder = this.#required();
    const clip = await (seek === "exact"
      ? planFrame(this.#core, video, atMs, before)
      : planKeyframes(this.#core, [{ source: video, atMs, before }]));
    const { key, etag } = video;
    const shownMs = clip.shownMs[0] ?? atMs;
    // A sync sample may be asked for either way: it is the same picture.
    const identity = ["still", versionsOf(before), key, etag, shownMs - video.startMs, shape];
    const make = (): Promise<Uint8Array> => decoder.still(clip.read(), shape);
    // A video whose version is not known may be another one the next time.
    const bytes = await (etag === "" ? afterWaiting(this.#queue, turn, make) : this.#once(identity, turn, make));
    return { ...(await pictureOf(CONTENT_TYPES[shape.format], bytes)), shownMs };
  }

  /**
   * The sync samples at or before moments, side by side, as a JPEG.
   * @throws BoxcarError as `still` does
   */
  async sheet(moments: readonly VideoMoment[], shape: SheetShape, turn: Turn): Promise<Picture> {
    const decoder = this.#required();
    const wanted = moments.map(({ video, ...moment }) => ({ source: video, ...moment }));
    const found = await findKeyframes(this.#core, wanted, new Breather(turn.signal));
    const tiles = moments.map(({ video: { key, etag, startMs }, before = [] }, i) => {
      return [versionsOf(before), key, etag, (found.shownMs[i] ?? 0) - startMs];
    });
    const make = async (): Promise<Uint8Array> => {
      const pace = new Breather(); // goes on when this client has gone: others may wait for the same sheet
      const clip = await found.clip(pace);
      try {
        return await decoder.sheet([restarting(clip)], shape);
      } catch (error) {
        if (!(error instanceof DoesNotRestart)) throw error;
      }
      const clips: FrameClip[] = [];
      for (const one of wanted) clips.push(await planKeyframes(this.#core, [one], pace));
      return decoder.sheet(
        clips.map((one) => one.read()),
        shape,
      );
    };
    const bytes = await this.#once(["sheet", tiles, shape], turn, make);
    return pictureOf("image/jpeg", bytes);
  }

  #required(): PictureDecoder {
    if (this.#decoder !== undefined) return this.#decoder;
    const message = "This server cannot decode pictures: it runs where ffmpeg cannot be started. Ask one on Node.";
    throw new BoxcarError("not_available", message);
  }

  async #once(identity: readonly unknown[], turn: Turn, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const name = JSON.stringify(identity);
    const known = (): Uint8Array | Promise<Uint8Array> | undefined => this.#cache.get(name) ?? this.#underway.get(name);
    // Asked once more when its turn comes: another may have wanted it meanwhile.
    return known() ?? afterWaiting(this.#queue, turn, async () => known() ?? this.#make(name, make));
  }

  async #make(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const making = make();
    this.#underway.set(name, making);
    try {
      const bytes = await making;
      this.#cache.set(name, bytes);
      return bytes;
    } finally {
      this.#underway.delete(name);
    }
  }
}

function versionsOf(videos: readonly Video[]): string[][] {
  return videos.map(({ key, etag }) => [key, etag]);
}

async function pictureOf(contentType: Picture["contentType"], bytes: Uint8Array): Promise<Picture> {
  return { contentType, bytes, hash: await hashOf(bytes) };
}
