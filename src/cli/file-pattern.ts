import { BoxcarError } from "../base/errors.ts";
import { checkStreamPath } from "../base/stream-path.ts";
import { digitPrecision, fractionMs } from "../base/time.ts";
import { localInstants, offsetMs } from "../base/time-zone.ts";

/** What a recorder's file name says about a segment. */
export interface NamedSegment {
  readonly streamPath: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** The same local time an hour or so later, when clocks were set back in between: the name means one of both. */
  readonly againMs: number | undefined;
  /** How far the start may be off either way, milliseconds: what the name leaves out. */
  readonly precisionMs: number;
}

/** One file of a folder, by what its name says. */
export interface FoundFile extends NamedSegment {
  /** Relative to the folder, with `/` between parts. */
  readonly path: string;
}

/** What a pattern leaves open. */
export interface PatternOptions {
  /** Zone the names are written in, as `checkTimeZone` takes it, unless they hold `%z` or `%s`. */
  readonly zone: string;
  /** Stream path of all files; absent: from the pattern. */
  readonly streamPath?: string | undefined;
}

/** Placeholders of a pattern and the text each stands for. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  path: ".+?",
  Y: String.raw`\d{4}`,
  m: "0[1-9]|1[0-2]",
  d: String.raw`0[1-9]|[12]\d|3[01]`,
  H: String.raw`[01]\d|2[0-3]`,
  M: String.raw`[0-5]\d`,
  S: String.raw`[0-5]\d`,
  f: String.raw`\d{1,9}`,
  s: String.raw`\d{1,14}`,
  z: String.raw`Z|[-+]\d\d:?\d\d`,
};

/** A pattern for the names of recorded files, such as `%path/%Y-%m-%d_%H-%M-%S-%f.mp4`. */
export class FilePattern {
  readonly #names: string[] = [];
  readonly #expression: RegExp;
  readonly #zone: string;
  readonly #streamPath: string | undefined;

  /**
   * @param pattern relative to the folder that is searched, with `/` between parts. `%path` is the stream path (any
   * number of parts), `%Y %m %d %H %M %S` the local date and time with leading zeros, `%f` a fraction of a second (1 to
   * 9 digits), `%s` seconds since 1970 (up to 11 digits; more are milliseconds), `%z` `Z` or an offset such as `+0200`,
   * `%%` a per cent sign. Without `%path` the stream path is what precedes the first part with a placeholder.
   * @throws BoxcarError `bad_pattern`, `bad_stream_path` (400)
   */
  constructor(pattern: string, { zone, streamPath }: PatternOptions) {
    const source = pattern.replace(/%(path|.|$)|[\\^$.*+?()[\]{}|]/gsu, (text, name: string | undefined) => {
      if (name === undefined) return `\\${text}`;
      if (name === "%") return "%";
      const expression = PLACEHOLDERS[name];
      if (expression === undefined) {
        throw badPattern(pattern, `${text} is no placeholder; there are %path %Y %m %d %H %M %S %f %s %z and %%`);
      }
      this.#names.push(name);
      return `(${expression})`;
    });
    const has = (name: string): boolean => this.#names.includes(name);
    if (!has("s") && !(has("Y") && has("m") && has("d"))) {
      throw badPattern(pattern, "it says no time; it needs %s, or %Y, %m and %d");
    }
    this.#expression = new RegExp(`^${source}$`, "su");
    this.#zone = zone;
    if (streamPath !== undefined) this.#streamPath = checkStreamPath(streamPath);
    else if (!has("path")) this.#streamPath = fixedFolder(pattern);
  }

  /**
   * Reads a file's name; undefined when it is not of this pattern or holds an impossible date.
   * @param path relative to the folder that is searched, with `/` between parts
   * @throws BoxcarError `bad_stream_path` (400)
   */
  match(path: string): NamedSegment | undefined {
    const found = this.#expression.exec(path);
    if (found === null) return undefined;
    const values = new Map<string, string>();
    for (const [i, name] of this.#names.entries()) {
      const value = found[i + 1] ?? "";
      if ((values.get(name) ?? value) !== value) return undefined; // a placeholder used twice must say the same
      values.set(name, value);
    }
    const times = timesOf(values, this.#zone);
    if (times === undefined) return undefined;
    const [startMs, againMs] = times;
    return {
      streamPath: this.#streamPath ?? checkStreamPath(values.get("path") ?? ""),
      startMs,
      againMs,
      precisionMs: precisionOf(values),
    };
  }
}

function timesOf(values: ReadonlyMap<string, string>, zone: string): ReturnType<typeof localInstants> | undefined {
  const fraction = fractionMs(values.get("f"));
  const unix = values.get("s");
  if (unix !== undefined) return [unix.length > 11 ? Number(unix) : Number(unix) * 1000 + fraction];
  const part = (name: string, least: number): number => Number(values.get(name) ?? least);
  const [year, month, day] = [part("Y", 0), part("m", 1), part("d", 1)];
  const local = Date.UTC(year, month - 1, day, part("H", 0), part("M", 0), part("S", 0), fraction);
  if (new Date(local).getUTCDate() !== day) return undefined; // 30 February
  const offset = /^([-+])(\d\d):?(\d\d)$/.exec(values.get("z") ?? "");
  if (offset !== null) return [local - offsetMs(offset[1], offset[2], offset[3])];
  return values.get("z") === "Z" ? [local] : localInstants(local, zone);
}

/** The least that a name tells apart, at most a minute, milliseconds; 0 for milliseconds and less. */
function precisionOf(values: ReadonlyMap<string, string>): number {
  const unix = values.get("s");
  if (unix !== undefined && unix.length > 11) return 0;
  const digits = values.get("f")?.length;
  if (digits !== undefined) return digitPrecision(digits);
  if (unix !== undefined || values.has("S")) return digitPrecision(0);
  return 60_000; // more would make one of segments far apart
}

/** The parts before the first one with a placeholder. */
function fixedFolder(pattern: string): string {
  const parts = pattern.split("/");
  const fixed = parts
    .slice(
      0,
      parts.findIndex((part) => /%[^%]/.test(part)),
    )
    .join("/");
  if (fixed === "") throw badPattern(pattern, "it says no stream path; put %path into it, or give --stream");
  return checkStreamPath(fixed.replaceAll("%%", "%"));
}

function badPattern(pattern: string, fault: string): BoxcarError {
  return new BoxcarError("bad_pattern", `The pattern ${pattern} cannot be used: ${fault}.`);
}
