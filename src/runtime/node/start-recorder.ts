import type { Config } from "../../config/config.ts";
import type { Log } from "../../base/ports.ts";
import { Recorder } from "../../record/recorder.ts";
import type { NodeParts } from "./node-parts.ts";

/** Records what it is told to, and takes up what a crash left in the spool. */
export function startRecorder(parts: NodeParts, config: Config, log: Log): Recorder {
  const { keyLayout, recording } = config;
  const recorder = new Recorder({ ...parts, log, keyLayout, monotonic: () => performance.now() }, recording.silenceMs);
  recorder.recover().catch((error: unknown) => {
    log("error", "the spool cannot be read", { error: String(error) });
  });
  return recorder;
}
