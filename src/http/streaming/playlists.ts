import { LruMap } from "../../base/lru-map.ts";
import type { Media } from "../../core/index.ts";
import type { PlaylistEnd } from "../../deliver/blocking-reload.ts";

/** Bytes of playlists kept by default: those of some days. */
const DEFAULT_CACHE_BYTES = 16 << 20;
/** What an entry takes besides its bytes, and in relation to them compressed ones at most: text of numbers that grow. */
const [ENTRY_BYTES, COMPRESSED] = [500, 0.25];

/** A playlist or manifest, and the version of the recordings that it was made from. */
export interface KeptPlaylist {
  readonly version: string | undefined;
  readonly media: Media;
  /** The same compressed, which is done once; undefined where it is not worth it. */
  readonly gzipped: (() => Promise<Media>) | undefined;
  readonly end: PlaylistEnd | undefined;
}

/** Playlists and manifests by what they were asked for: players ask again and again, each viewer for the same. */
export class Playlists extends LruMap<string, KeptPlaylist> {
  /** Those that are being made, by the same and the version of the recordings: who waited for more of a stream share them. */
  readonly making = new Map<string, Promise<KeptPlaylist>>();

  constructor(budget = DEFAULT_CACHE_BYTES) {
    super(
      budget,
      ({ version = "", media }, name) =>
        ENTRY_BYTES + media.size * (1 + COMPRESSED) + 2 * (name.length + version.length),
    );
  }
}
