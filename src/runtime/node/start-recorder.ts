import type { Config } from "../../config/config.ts";
import type { Log } from "../../base/ports.ts";
import type { RecordingPlatform } from "../../http/context.ts";
import { PreRollBudget } from "../../record/pre-roll.ts";
import { Recorder } from "../../record/recorder.ts";
import { Supervisor } from "../../record/supervisor.ts";
import { ffmpegSources } from "../ffmpeg/live-source.ts";
import { retentionParts, startRetention } from "./retention.ts";
import type { NodeParts } from "./node-parts.ts";

/** What records, while the server runs. */
export interface StartedRecording extends RecordingPlatform {
  /** Begins what should be recorded, and takes up what a crash left in the spool. The catalog must be migrated. */
  begin(): void;
  /** Ends all recordings. What the store does not take within the time stays in the spool for the next start. */
  close(withinMs: number): Promise<void>;
}

/** Prepares recording. */
export function startRecording(parts: NodeParts, config: Config, log: Log): StartedRecording {
  const { keyLayout, recording } = config;
  const { fragmentMs, silenceMs, allow, eventBeforeMs, preRollBytes } = recording;
  const memory = { preRoll: new PreRollBudget(preRollBytes), preRollMs: eventBeforeMs };
  const recorder = new Recorder({ ...parts, ...memory, log, keyLayout, monotonic: () => performance.now() }, silenceMs);
  const reader = ffmpegSources(allow, log);
  let stopRetention = (): Promise<void> => Promise.resolve();
  const supervisor = new Supervisor({ ...parts, log, recorder, reader, fragmentMs });
  return {
    ...{ recorder, reader, supervisor },
    begin: () => {
      supervisor.start();
      stopRetention = startRetention(retentionParts(parts.catalog, config), parts.clock, log);
      recorder.recover().catch((error: unknown) => {
        log("error", "the spool cannot be read", { error: String(error) });
      });
    },
    close: async (withinMs) => {
      await Promise.all([supervisor.close(), stopRetention()]);
      await recorder.close(withinMs);
      await supervisor.releaseAll();
      await parts.spool.close();
    },
  };
}
