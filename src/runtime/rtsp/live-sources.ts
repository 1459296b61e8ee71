import type { Core } from "../../core/index.ts";
import type { Log } from "../../base/ports.ts";
import type { SourceReader } from "../../record/source.ts";
import { readSourceUrl, shownUrl } from "../../record/source-url.ts";
import type { SourceAllowance } from "../outbound/source-allowance.ts";
import { HandOver } from "./hand-over.ts";
import { isRtsp, readRtsp } from "./rtsp-source.ts";

/** Reads sources of RTSP by a client of its own, and hands over to `others` what that does not know, with all other sources. */
export function liveSources(core: Core, allowance: SourceAllowance, others: SourceReader, log: Log): SourceReader {
  return {
    check: (url) => {
      others.check(url);
    },
    open: (text) => {
      const other = others.open(text);
      const url = readSourceUrl(text);
      let isOwn = isRtsp(url);
      return async function* (signal, dropped) {
        if (isOwn) {
          try {
            yield* readRtsp({ core, allowance, dropped }, url, signal);
            return;
          } catch (error) {
            if (!(error instanceof HandOver)) throw error;
            isOwn = false;
            log("info", "ffmpeg reads a source", { source: shownUrl(text), why: error.message });
          }
        }
        yield* other(signal, dropped);
      };
    },
  };
}
