/** The kinds of fields that records have and of arguments that calls take, on both sides of the contract. */

/** How a kind of field lies in a record, and how TypeScript reads and writes it. */
interface Layout {
  /** Of one value; `n` is what `bytes` and `text` are given. */
  readonly size: number;
  /** What its offset is a multiple of. */
  readonly align: number;
  /** AssemblyScript's words for it, in comments. */
  readonly name: string;
  readonly type: string;
  readonly read: (at: string) => string;
  readonly write: (at: string, value: string) => string;
}

const setI64 = (at: string, value: string): string => `setI64(view, ${at}, ${value})`;
const setU32 = (at: string, value: string): string => `view.setUint32(${at}, ${value}, true)`;
const number = (name: string, size: number, read: Layout["read"], write: Layout["write"]): Layout => ({
  ...{ name, size, align: size, type: "number", read, write },
});
const never = (): string => {
  throw new Error("The host only reads this kind of field.");
};

/** Every kind but those whose length the field says. */
export const kinds = {
  u16: number("u16", 2, (at) => `view.getUint16(${at}, true)`, never),
  u32: number("u32", 4, (at) => `u32(view, ${at})`, setU32),
  i32: number(
    "i32",
    4,
    (at) => `view.getInt32(${at}, true)`,
    (at, value) => `view.setInt32(${at}, ${value}, true)`,
  ),
  u64: number("u64", 8, (at) => `u64(view, ${at})`, setI64),
  i64: number("i64", 8, (at) => `i64(view, ${at})`, setI64),
  /** A time whose extremes stand for "no bound", which TypeScript has as infinities. */
  bound: number("i64", 8, (at) => `bound(view, ${at})`, setI64),
  /** A fixed-point number, 16.16. */
  fixed: number("u32, 16.16", 4, (at) => `u32(view, ${at}) / 65_536`, never),
  /** 64 bits that are only compared. */
  hash: { ...number("u64", 8, (at) => `hexadecimal(view, ${at})`, never), type: "string" },
} satisfies Record<string, Layout>;

/** `n` bytes as they are. */
export function bytesOf(n: number): Layout {
  const part = (at: string): string => `new Uint8Array(view.buffer, view.byteOffset + ${at}, ${n})`;
  const write = (at: string, value: string): string => `${part(at)}.set(${value})`;
  return { size: n, align: 4, name: `${n} bytes`, type: "Uint8Array", read: (at) => `${part(at)}.slice()`, write };
}

/** ASCII text of at most `n` characters, padded with zeros. */
export function textOf(n: number): Layout {
  const read = (at: string): string => `text(view, ${at}, ${n})`;
  return { size: n, align: 4, name: `${n} bytes of ASCII, padded with 0`, type: "string", read, write: never };
}

/** One field of a record. */
export interface Field {
  readonly layout: Layout;
  /** Unit, range and meaning, with no kind. */
  readonly doc: string;
  /** TypeScript neither reads nor writes it. */
  readonly inner?: true;
  /** TypeScript may leave it out when it writes; then it has this value. */
  readonly otherwise?: string;
}

/** The fields of another record, in a row. */
export interface Part {
  readonly part: Record_;
  readonly doc: string;
  /** The module fills it: TypeScript reads it alone, and does not write it. */
  readonly answer?: true;
}

/** One record. */
export interface Record_ {
  readonly name: string;
  readonly doc: string;
  /** What TypeScript does with it; nothing when absent. */
  readonly host?: "reads" | "writes" | "both";
  /** Fields of which TypeScript needs to know where they lie, beside what it does with the record. */
  readonly placed?: readonly string[];
  readonly fields: Readonly<Record<string, Field | Part>>;
}

/** What an argument of a call is: the type of the export, and how the call behind it takes the value. */
export const argumentKinds = {
  /** Where something lies in memory. */
  address: { type: "usize", pass: (name: string) => name },
  u32: { type: "u32", pass: (name: string) => name },
  i32: { type: "i32", pass: (name: string) => name },
  flag: { type: "u32", pass: (name: string) => `${name} != 0` },
  /** A whole number below 2^53, which JavaScript and WASM both hold in a double. */
  whole: { type: "f64", pass: (name: string) => `<u64>${name}` },
} as const;

/** One call the host may make. */
export interface Call {
  readonly doc: string;
  readonly takes: Readonly<Record<string, keyof typeof argumentKinds>>;
}

/** Named numbers, with a sentence each where the name does not say it. */
export interface Names {
  readonly doc: string;
  readonly values: Readonly<Record<string, readonly [value: number, doc?: string]>>;
}
