/** What of packages without types the tests use. */
declare module "m3u8-parser" {
  export class Parser {
    readonly manifest: {
      readonly segments: readonly {
        readonly duration: number;
        readonly uri: string;
        readonly discontinuity?: boolean;
      }[];
      readonly targetDuration: number;
      readonly endList: boolean;
    };
    push(text: string): void;
    end(): void;
  }
}
declare module "mpd-parser" {
  interface Playlist {
    readonly segments: readonly { readonly duration: number; readonly resolvedUri: string }[];
  }
  export function parse(
    manifest: string,
    options: { readonly manifestUri: string },
  ): {
    readonly duration: number;
    readonly playlists: readonly Playlist[];
    readonly mediaGroups: {
      readonly AUDIO: Readonly<Record<string, Readonly<Record<string, { readonly playlists: readonly Playlist[] }>>>>;
    };
  };
}
