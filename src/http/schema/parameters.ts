import { BoxcarError } from "../../base/errors.ts";
import { expectedOf } from "../../base/expected.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { mistyped } from "./mistyped.ts";
import * as z from "./zod.ts";

/** The schemas of request parameters that several routes share, and how a parameter is refused. */

/** Query parameters; one that is not among them is refused rather than ignored, so that a typing error shows. */
export function query<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? unknownNames(issue.keys, Object.keys(shape)) : undefined),
  });
}

function unknownNames(unknown: readonly string[], known: readonly string[]): string {
  return `unknown parameter ${unknown.join(", ")}; known are ${known.join(", ")}`;
}

type AbsentWhenEmpty<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.ZodPipe<z.ZodTransform, Shape[Name]>;
};

/**
 * Parameters of the calls that clients of other servers send as those took them: an empty one is absent, and one that is not
 * among them is passed over, unless it seems to be mistyped.
 */
export function lenient<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<AbsentWhenEmpty<Shape>> {
  const fields = Object.entries(shape).map(([name, schema]) => [name, z.preprocess(absentWhenEmpty, schema)]);
  const known = new Set(Object.keys(shape));
  // Loose, so that the check sees what is unknown; what follows it does not.
  const seen = z.looseObject(Object.fromEntries(fields) as AbsentWhenEmpty<Shape>).check((context) => {
    const keys = mistyped(Object.keys(context.value), known);
    const message = unknownNames(keys, [...known]);
    if (keys.length > 0) context.issues.push({ code: "unrecognized_keys", keys, input: context.value, message });
  });
  const onlyKnown = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).filter(([name]) => known.has(name))) as T;
  return seen.overwrite(onlyKnown);
}

function absentWhenEmpty(value: unknown): unknown {
  return value === "" || (Array.isArray(value) && value.length === 0) ? undefined : value;
}

/** Folders under which clients know the calls about recordings; the second is what other servers have. */
export const apiPrefixes = ["/mp4/api", "/api/record/mp4"] as const;

/** A text that may be absent and may not be given twice. */
export const text = (description: string, example: string): z.ZodOptional<z.ZodString> =>
  z.string("expected once").optional().openapi({ description, example });

/** Whether the catalog keeps a text as it is: SQLite ends one at a NUL, and half a surrogate pair is no UTF-8. */
export const isKept = (text: string): boolean => !/[\0\p{Cs}]/u.test(text);

/** A length of time of a JSON body: a text, or a number of seconds. */
export const lengthOfTime = (description: string, example: string) =>
  z.preprocess(
    (given) => numberAsText(given ?? undefined),
    z.string("expected a length of time, such as 30s").optional().openapi({ description, example }),
  );

/** What a client means that writes a number where a text is expected. */
export const numberAsText = (given: unknown): unknown => (typeof given === "number" ? String(given) : given);

/** Parameters that say a time range; `parseTimeRange` reads them. */
export const timeParameters = {
  start: text(
    "First moment. RFC 3339, local time in `tz`, or seconds or milliseconds since 1970.",
    "2026-01-31T12:00:00Z",
  ),
  end: text(
    "Moment after the last one. Default: the newest recorded sample. Alone: from the oldest one on.",
    "2026-01-31T12:05:00Z",
  ),
  duration: text("Length instead of an end: seconds, or with units (`500ms`, `1m30s`).", "5m"),
  range: text(
    "Both ends in one: `A~B`, of digits also `A-B`. A time alone at the end takes the start's date.",
    "2026-01-31T12:00:00~12:05:00",
  ),
  tz: text(
    "Time zone of times without an offset: an IANA name, or an offset such as `+08:00`. Default: the configured one.",
    "Asia/Shanghai",
  ),
};

/** Behind a parameter of a route: lets it hold slashes, and ends of lines, which are for its check to refuse. It vanishes from the description. */
export const spanning = "{[^]+}";

/** `{streamPath}` in a route. */
export const streamPathInRoute = `{streamPath}${spanning}` as const;

/** The path parameter of `streamPathInRoute`. */
export function streamPathParameter(
  options: { readonly wildcards?: boolean } = {},
): z.ZodObject<{ streamPath: z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> }> {
  const streamPath = z
    .string()
    .openapi({ description: "Name of the recording, with slashes.", example: "live/cam1" })
    .transform((path) => checkStreamPath(path, options.wildcards));
  return z.object({ streamPath });
}

/** The end of a path that names a file. */
export function fileParameter(description: string, example: string): z.ZodObject<{ file: z.ZodString }> {
  return z.object({ file: z.string().openapi({ description, example }) });
}

/** A whole number in a query. `least` and `most` are inclusive. */
export function integer(
  least: number,
  most = Number.MAX_SAFE_INTEGER,
  message = `expected a whole number from ${String(least)} to ${String(most)}`,
): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z
    .string(message)
    .regex(/^\d{1,16}$/, message)
    .refine((digits) => Number(digits) >= least && Number(digits) <= most, message)
    .transform(Number)
    .openapi({ type: "integer", minimum: least, maximum: most });
}

const USUAL_ROWS = 10;
/** Rows of a page of a list, at most. */
export const MOST_ROWS = 1000;

/** Parameters that name a page of a list, as clients of other servers send them: 0 is the default of both. */
const pagesOf = (usualRows: number) => ({
  pageNum: integer(0, 1_000_000_000)
    .transform((page) => Math.max(page, 1))
    .default(1),
  pageSize: integer(0)
    .transform((rows) => Math.min(rows === 0 ? usualRows : rows, MOST_ROWS))
    .default(usualRows),
});
export const pageParameters = pagesOf(USUAL_ROWS);
/** The same of lists that come as a whole where there are few rows. */
export const largePageParameters = pagesOf(MOST_ROWS);

/** Names an event level in a query: `high` or `0`, `low` or `1`. */
export const eventLevel = z
  .enum(["high", "0", "low", "1"], "expected high (or 0) or low (or 1)")
  .transform((level): "high" | "low" => (level === "high" || level === "0" ? "high" : "low"));

/** What validating came to. */
interface Validated {
  readonly success: boolean;
  readonly error?: z.core.$ZodError | undefined;
  /** What was validated, when it failed. */
  readonly data?: unknown;
  /** Which part of a request that is, where the framework has validated it. */
  readonly target?: string;
}

/** Turns a failed validation into the refusal that says which parameters are wrong and what they should be. */
export function refuseInput(result: Validated): undefined {
  if (result.success) return undefined;
  const issues = result.error?.issues ?? [];
  const problems = issues.map((issue) => {
    const { path } = issue;
    if (path.length === 0) return issue.message;
    const given = at(result.data, path);
    const what =
      given === undefined
        ? " is missing;"
        : Array.isArray(given) && result.target === "query"
          ? " is given more than once;"
          : ":";
    return `${path.join(".")}${what} ${expectedOf(issue)}`;
  });
  const parameters = issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" ? issue.keys : issue.path.map(String),
  );
  throw new BoxcarError("bad_parameter", `${[...new Set(problems)].join("; ")}.`, {
    parameters: [...new Set(parameters)],
  });
}

function at(data: unknown, path: readonly PropertyKey[]): unknown {
  const inner = (value: unknown, name: PropertyKey): unknown =>
    value instanceof Object ? (value as Readonly<Record<PropertyKey, unknown>>)[name] : undefined;
  return path.reduce(inner, data);
}
