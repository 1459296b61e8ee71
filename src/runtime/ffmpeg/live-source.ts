import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { BoxcarError } from "../../base/errors.ts";
import type { Log } from "../../base/ports.ts";
import type { SourceReader } from "../../record/source.ts";
import { readSourceUrl, shownUrl, type SourceUrl } from "../../record/source-url.ts";
import type { SourceAllowance } from "../outbound/source-allowance.ts";
import { findFfmpeg } from "./ffmpeg-path.ts";
import { ParameterWatch, WATCHED } from "./parameter-watch.ts";
import { spawnLimited } from "./spawn-limited.ts";

/** Characters kept of what ffmpeg complains of, the last ones. */
const COMPLAINTS = 2000;

/**
 * What is done to sound, in the order in which it is tried, and the complaint of the one before that it helps against. The filter takes the
 * headers of MPEG-TS (ADTS) from AAC, and leaves other AAC as it is; without it ffmpeg ends only once samples are out.
 */
const SOUND: readonly { readonly args: readonly string[]; readonly helps: RegExp }[] = [
  { args: ["-c:a", "copy", "-bsf:a", "aac_adtstoasc"], helps: /^$/ },
  { args: ["-c:a", "copy"], helps: /Codec '(?:mp[23]|e?ac3|opus|flac|alac)' .*not supported by the bitstream filter/ },
  {
    args: ["-c:a", "aac"],
    helps: /not supported by the bitstream filter|Could not find tag for codec|codec not currently supported/,
  },
];

/** Parts of half a second, each group of pictures with a part of its own; `delay_moov`: else it has no edit lists. */
const OUTPUT = [
  ...["-f", "mp4", "-movflags", "+frag_keyframe+empty_moov+default_base_moof+delay_moov"],
  ...["-frag_duration", "500000", "-flush_packets", "1", "pipe:1"],
];

/**
 * Reads sources with ffmpeg, which only puts their samples into fragments: a process for each connection. It gets the URL by a pipe, so
 * that nobody sees its credentials in a list of processes, and nothing of this process's environment.
 * @param memory bytes that each process may take
 */
export function ffmpegSources(allowance: SourceAllowance, memory: number, log: Log): SourceReader {
  // Once found it is not asked again, which costs a process each time that a source is connected.
  let program: string | undefined;
  return {
    check: (url) => {
      allowance.check(readSourceUrl(url));
    },
    open: (text) => {
      const url = readSourceUrl(text);
      let treatment = 0;
      return async function* (signal) {
        await allowance.checkAddresses(url);
        program ??= await findFfmpeg();
        for (;;) {
          const run = new Run(
            { program, memory },
            argumentsOf(url, SOUND[treatment]?.args ?? []),
            scriptOf(url),
            signal,
          );
          yield* run.output();
          const complaints = await run.end();
          if (signal.aborted) return;
          if (run.hasChanged) continue; // connected anew, it begins with the new parameters
          if (OUT_OF_MEMORY.test(complaints)) throw tooMuchMemory(url, memory, log);
          if (run.bytes > 0) return;
          const next = SOUND.findIndex(({ helps }, i) => i > treatment && helps.test(complaints));
          if (next < 0) throw failed(url, complaints, log);
          treatment = next;
          yield new Uint8Array(0); // it has answered: that it falls silent is counted anew
        }
      };
    },
  };
}

function argumentsOf(url: SourceUrl, sound: readonly string[]): string[] {
  const quiet = ["-nostdin", "-hide_banner", "-loglevel", "warning"];
  if (url.scheme === "lavfi") {
    const encode = [
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-tune",
      "zerolatency",
      "-g",
      "25",
      "-pix_fmt",
      "yuv420p",
    ];
    return [...quiet, "-re", "-f", "lavfi", "-i", url.text.slice("lavfi:".length), ...encode, "-c:a", "aac", ...OUTPUT];
  }
  const paced = url.scheme === "file" ? ["-re"] : [];
  const whitelist = ["-protocol_whitelist", ["pipe", ...url.protocols].join(",")];
  // Without conversions: samples stay as they are.
  const input = [...paced, "-f", "concat", "-safe", "0", "-auto_convert", "0", ...whitelist, "-i", "pipe:0"];
  const output = ["-map", "0:v:0?", "-map", "0:a:0?", "-c:v", "copy", ...sound, ...OUTPUT];
  return [...quiet, ...input, ...output, ...(besideSamples.test(url.scheme) ? WATCHED : [])];
}

/** What may send parameters beside its samples. RTSP has them in its samples, and tells times beside each. */
const besideSamples = /^(?:rtmp|http)/;

/** A script of one entry for ffmpeg's concat demuxer, which opens the URL that it names. */
function scriptOf({ text, scheme }: SourceUrl): string {
  const options = ["option analyzeduration 1000000"]; // of five seconds, all that is left to probe are tracks that never come
  if (/^rtsps?$/.test(scheme) && !/[?&]udp\b/.test(text)) options.push("option rtsp_transport tcp");
  return ["ffconcat version 1.0", `file '${text.replaceAll("'", String.raw`'\''`)}'`, ...options, ""].join("\n");
}

/** What ffmpeg, its libraries and the loader of these complain of when the system gives them no more. */
const OUT_OF_MEMORY = /Cannot allocate memory|Could not alloc|bad_alloc|failed to map segment|cannot map zero-fill/;

function tooMuchMemory({ text }: SourceUrl, memory: number, log: Log): BoxcarError {
  const why = `it takes more memory than the ${Math.floor(memory / 2 ** 20)} MB that BOXCAR_SOURCE_MEMORY gives. Set more if the source is to be trusted`;
  log("warn", "a source takes too much memory", { source: shownUrl(text), memory });
  return new BoxcarError("source_failed", `The source cannot be read: ${why}.`);
}

/** One process of ffmpeg. */
class Run {
  /** Bytes it has put out. */
  bytes = 0;
  /** Whether it was ended because the picture has got other parameters. */
  hasChanged = false;
  readonly #child;
  readonly #ended: Promise<unknown>;
  readonly #signal: AbortSignal;
  readonly #kill: () => void;
  #complaints = "";

  constructor(
    { program, memory }: { readonly program: string; readonly memory: number },
    args: readonly string[],
    script: string,
    signal: AbortSignal,
  ) {
    const child = spawnLimited(program, args, { memory }, { stdio: ["pipe", "pipe", "pipe", "pipe"] });
    this.#child = child;
    this.#ended = once(child, "close").catch(() => undefined);
    child.stdin.on("error", () => undefined); // it has ended before it read the script
    child.stdin.end(script);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-COMPLAINTS);
    });
    this.#kill = () => {
      child.kill("SIGKILL");
    };
    const watch = new ParameterWatch();
    createInterface({ input: child.stdio[3] as Readable }).on("line", (line) => {
      if (!watch.isChange(line)) return;
      this.hasChanged = true;
      this.#kill();
    });
    this.#signal = signal;
    signal.addEventListener("abort", this.#kill);
    if (signal.aborted) this.#kill();
  }

  async *output(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of this.#child.stdout as AsyncIterable<Uint8Array>) {
        this.bytes += chunk.length;
        yield chunk;
      }
    } finally {
      // Given up, or at its end: it has nothing left to say.
      if (this.#child.exitCode === null && !this.#child.stdout.readableEnded) this.#kill();
    }
  }

  /** Waits for its end. Returns what it complained of. */
  async end(): Promise<string> {
    await this.#ended;
    this.#signal.removeEventListener("abort", this.#kill);
    return this.#complaints;
  }
}

/** The last line of complaint that is about the source says most, once what is secret has been taken from it. */
function failed({ text }: SourceUrl, complaints: string, log: Log): BoxcarError {
  const complained = complaints
    .replaceAll(/\w+:\/\/[^\s']+/g, shownUrl)
    .split("\n")
    .map((line) =>
      line
        .replace(/^\[[^\]]*\] /, "")
        .replace(/^pipe:0: /, "")
        .trim(),
    )
    .filter((line) => line !== "");
  log("warn", "ffmpeg cannot read a source", { source: shownUrl(text), complaints: complained.join("; ") });
  const why = complained.findLast((line) => !line.startsWith("Impossible to open")) ?? "it ended without a word";
  return new BoxcarError("source_failed", `The source cannot be read: ${why.replace(/\.$/, "")}.`);
}
