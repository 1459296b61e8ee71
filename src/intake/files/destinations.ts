import { hex } from "../../base/bytes.ts";
import type { Clock } from "../../base/ports.ts";
import { dateIn } from "../../base/time-zone.ts";
import type { Destination } from "./receive-file.ts";

/** What keys of uploads are made of. */
export interface KeyParts {
  readonly clock: Clock;
  /** Time zone of the date in a key, as `checkTimeZone` takes it. */
  readonly timeZone: string;
}

/** Files for the store: `images/20260131/1769860800250_0123456789ab.png`. @param prefix `images` */
export function inStore(prefix: string, parts: KeyParts): Destination {
  return { area: "store", keyOf: (ending) => keyBelow(prefix, ending, parts) };
}

/** Public files on this machine's disk: `Diy/<folder>/20260131/1769860800250_0123456789ab.png`. */
export function inPublicFolder(folder: string, parts: KeyParts): Destination {
  return { area: "public", keyOf: (ending) => keyBelow(`Diy/${folder}`, ending, parts) };
}

function keyBelow(folder: string, ending: string, { clock, timeZone }: KeyParts): string {
  const nowMs = clock();
  return `${folder}/${dateIn(timeZone, nowMs).replaceAll("-", "")}/${String(nowMs)}_${randomHex(6)}${ending}`;
}

/** @param bytes of chance */
function randomHex(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}
