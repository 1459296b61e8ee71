/** How the fields of a record are written down in this folder. */
import { bytesOf, kinds, textOf, type Field } from "./kinds.ts";

type Kind = (doc: string) => Field;
const kind =
  (layout: Field["layout"]): Kind =>
  (doc) => ({ layout, doc });

export const u16 = kind(kinds.u16);
export const u32 = kind(kinds.u32);
export const i32 = kind(kinds.i32);
export const u64 = kind(kinds.u64);
export const i64 = kind(kinds.i64);
export const bound = kind(kinds.bound);
export const fixed = kind(kinds.fixed);
export const hash = kind(kinds.hash);
export const bytes = (n: number, doc: string): Field => ({ layout: bytesOf(n), doc });
export const text = (n: number, doc: string): Field => ({ layout: textOf(n), doc });
/** Only the module looks at it. */
export const inner = (field: Field): Field => ({ ...field, inner: true });
/** The host may leave it out. */
export const optional = (field: Field, otherwise: string): Field => ({ ...field, otherwise });
