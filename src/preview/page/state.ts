import type { DownloadOptions, RangeEvent, RangeFacts, StreamRow } from "./api.ts";
import type { Cameras } from "./cameras.ts";
import type { Deletion } from "./deletion.ts";
import type { HoverState } from "./hover.ts";
import type { LastPictures } from "./last-pictures.ts";
import type { Allowed } from "./manage-api.ts";
import type { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import type { Sharing } from "./sharing.ts";
import type { Interval } from "../../base/interval.ts";
import type { Uploads } from "./uploads.ts";
import type { Words } from "./words.ts";

/** What is played, and how. */
export interface StageState {
  readonly recording: Recording | undefined;
  /** Wall clock of the picture that is shown. */
  readonly timeMs: number | undefined;
  readonly paused: boolean;
  readonly speed: number;
  readonly muted: boolean;
  /** Whether playback repeats. */
  readonly loop: boolean;
  /** What downloads and links are of. */
  readonly range: Interval | undefined;
  readonly options: DownloadOptions;
  readonly isSelected: boolean;
  /** Of `range`; undefined when nothing of it is recorded, or that is not known yet. */
  readonly facts: RangeFacts | undefined;
  readonly hover: HoverState | undefined;
  /** Of what is in view. */
  readonly events: readonly RangeEvent[];
}

/** What the page shows. */
export interface PageState extends StageState {
  readonly words: Words;
  /** Undefined until the server has answered. */
  readonly rows: readonly StreamRow[] | undefined;
  readonly lastPictures: LastPictures;
  readonly search: string;
  /** Files of this device. */
  readonly local: Recording | undefined;
  /** Whether files are held over the page. */
  readonly isOver: boolean;
  readonly needsToken: boolean;
  readonly hasToken: boolean;
  readonly notice: string;
  readonly allowed: Allowed;
  readonly panels: Panels;
}

/** Parts of the page with a life of their own. */
export interface Panels {
  readonly deletion: Deletion;
  readonly sharing: Sharing;
  readonly uploads: Uploads;
  readonly recorder: Recorder;
  readonly cameras: Cameras;
}

/** What can be done on the page. */
export interface PageActions {
  /** An empty token signs out. */
  readonly sign: (token: string) => void;
  /** Shows the field for a token. */
  readonly askToken: () => void;
  readonly search: (text: string) => void;
  readonly choose: (row: StreamRow) => void;
  readonly chooseLocal: () => void;
  readonly openFiles: (files: readonly File[]) => void;
  readonly toggle: () => void;
  readonly step: (pictures: number) => void;
  readonly speed: (rate: number) => void;
  readonly mute: () => void;
  readonly loop: () => void;
  /** Plays what is selected. */
  readonly playRange: () => void;
  readonly mark: (edge: "in" | "out") => void;
  readonly zoom: (factor: number) => void;
  readonly clear: () => void;
  readonly options: (options: DownloadOptions) => void;
  readonly save: (what: "mp4" | "fmp4" | "picture") => void;
  readonly seek: (timeMs: number) => void;
  readonly upload: (files: readonly File[]) => void;
}
