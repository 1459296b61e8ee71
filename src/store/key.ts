import { BoxcarError } from "../base/errors.ts";

/** What OSS takes; others take a byte more. */
const LONGEST = 1023;
const utf8 = new TextEncoder();

/**
 * Checks a store key: a relative path of 1 to 1023 bytes of UTF-8 with `/` between its parts; no part is empty, `.` or
 * `..`; no control character, backslash or unpaired surrogate.
 * @returns the key
 * @throws BoxcarError `bad_key` (400)
 */
export function checkKey(key: string): string {
  const fault = faultOf(key);
  if (fault === undefined) return key;
  throw badKey(key, fault);
}

/** Whether `checkKey` takes a key. */
export function isKey(key: string): boolean {
  return faultOf(key) === undefined;
}

/** The error for a key that names no object any store could hold. `fault` completes "The store key … ". */
export function badKey(key: string, fault: string, cause?: unknown): BoxcarError {
  const shown = key.length > 100 ? `${key.slice(0, 100)}…` : key;
  return new BoxcarError(
    "bad_key",
    `The store key ${JSON.stringify(shown)} ${fault}. Use a relative path such as segments/live/cam1/1.mp4.`,
    {},
    cause,
  );
}

function faultOf(key: string): string | undefined {
  if (key === "") return "is empty";
  if (utf8.encode(key).byteLength > LONGEST) return `is longer than ${LONGEST} bytes`;
  if (/[\p{Cc}\p{Surrogate}\\]/u.test(key)) return "holds a control character, a backslash or half a surrogate pair";
  const parts = key.split("/");
  if (parts.includes("")) return "has an empty part: a slash at its start or end, or two in a row";
  if (parts.includes(".") || parts.includes("..")) return "has a part that is . or ..";
  return undefined;
}
