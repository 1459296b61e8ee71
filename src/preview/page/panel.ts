import type { DownloadOptions } from "./api.ts";
import type { Allowed } from "./manage-api.ts";
import type { Recording } from "./recording.ts";
import type { Interval } from "../../base/interval.ts";
import type { Words } from "./words.ts";

/** What parts of the page see of it, and tell it. */
export interface PanelHost {
  readonly words: Words;
  readonly allowed: Allowed;
  readonly recording: Recording | undefined;
  /** What is selected, else what the timeline shows. */
  readonly range: Interval | undefined;
  /** How it is downloaded. */
  readonly options: DownloadOptions;
  /** Something else is to be shown. */
  changed(): void;
  /** Shows a sentence. */
  tell(message: unknown): void;
  /** What is recorded has changed. */
  reload(): Promise<void>;
}
