import * as z from "zod";
import { parseDuration } from "../base/time.ts";

/** One environment variable: how it is read, its default as one would write it, and what it means. */
export interface Variable<T> {
  readonly schema: z.ZodType<T>;
  readonly default: string;
  readonly meaning: string;
}

/** What variables read as, by their names. */
export type ValuesOf<Variables> = {
  readonly [Name in keyof Variables]: Variables[Name] extends Variable<infer T> ? T : never;
};

/** Describes an environment variable. @param fallback what an absent one reads as */
export function variable<T>(schema: z.ZodType<T>, fallback: string, meaning: string): Variable<T> {
  return { schema, default: fallback, meaning };
}

/** Schema of a whole number; both bounds are inclusive. @param what names the unit in messages */
export function wholeNumber(what: string, least: number, most: number): z.ZodType<number> {
  return z
    .string()
    .regex(/^\d{1,16}$/, `expected ${what}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `expected ${what} from ${String(least)} to ${String(most)}`);
}

const byteUnits = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const;
/** Schema of a number of bytes. */
export const bytes = z
  .string()
  .regex(/^\d{1,12}[kmgt]?$/i, "expected bytes, or a number with K, M, G or T (powers of 1024)")
  .transform((text) => {
    const unit = text.replace(/\d/g, "").toLowerCase() as keyof typeof byteUnits;
    return Number.parseInt(text, 10) * byteUnits[unit];
  });

/** Schema of a length of time, in milliseconds. */
export const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue({ code: "custom", message: "expected a length of time such as 90s, 30m or 744h" });
    return z.NEVER;
  }
});

/** Splits what stands between commas, empty texts left out. */
export const betweenCommas = (text: string): string[] => text.split(",").filter((part) => part !== "");
