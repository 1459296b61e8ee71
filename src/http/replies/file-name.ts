import contentDisposition from "content-disposition";
import { formatTime } from "../../base/time.ts";

/**
 * `Content-Disposition` of a download (RFC 6266, with RFC 8187 for names beyond ASCII).
 * @param asked the name the user wants; folders in it are dropped, `.mp4` is added where it is missing
 */
export function disposition(asked: string | undefined, fallback: string, inline: boolean): string {
  const cleaned =
    (asked ?? "")
      // A control of writing direction would show `exe.4pm` as an ending in mp4.
      .replace(/[\p{Cc}\p{Bidi_Control}]/gu, "")
      .split(/[/\\]/)
      .at(-1)
      ?.trim() ?? "";
  const name = cleaned === "" ? fallback : cleaned;
  const type = inline ? "inline" : "attachment";
  return contentDisposition(/\.mp4$/i.test(name) ? name : `${name}.mp4`, { type });
}

/** `Content-Disposition` of a file that is sent under its own name. */
export function fileDisposition(name: string, inline: boolean): string {
  return contentDisposition(name, { type: inline ? "inline" : "attachment" });
}

/** The name of a download nobody named: `live_cam1_2026-01-31T10-00-02Z.mp4`. */
export function defaultFileName(streamPath: string, startMs: number): string {
  const time = formatTime(startMs).replace(".000Z", "Z").replaceAll(":", "-");
  return `${streamPath.replaceAll("/", "_")}_${time}.mp4`;
}
