/** Both sides of the contract and its tables in the docs, from schema.ts. */
import { createHash } from "node:crypto";
import { format } from "prettier";
import { comment, constantCase, lines, paragraphs, sentence } from "./text.ts";
import { argumentKinds, type Field, type Part, type Record_ } from "./kinds.ts";
import { calls, codes, constants, hostCodes, names, records } from "./schema.ts";

const BY = "/** Written by `npm run abi` from abi/schema.ts: change it there. */";
/** A field with its place in a record. */
interface Placed {
  readonly name: string;
  readonly at: number;
  readonly member: Field | Part;
}

/** Where the fields and parts of a record lie, and its size in bytes. */
function lay(record: Record_): { placed: Placed[]; size: number } {
  const placed: Placed[] = [];
  let size = 0;
  for (const [name, member] of Object.entries(record.fields)) {
    const align = "part" in member ? 8 : member.layout.align;
    const at = Math.ceil(size / align) * align;
    placed.push({ name, at, member });
    size = at + ("part" in member ? lay(member.part).size : member.layout.size);
  }
  return { placed, size: Math.ceil(size / 8) * 8 };
}

/** The fields of a record, those of its parts among them. */
function flat(record: Record_, base = 0): { name: string; at: number; field: Field }[] {
  return lay(record).placed.flatMap(({ name, at, member }) =>
    "part" in member ? flat(member.part, base + at) : [{ name, at: base + at, field: member }],
  );
}

/** The version of the contract: the first four bytes of the SHA-256 of all of it but its words. */
function version(): number {
  const layouts = records.map((record) => [
    record.name,
    flat(record).map(({ name, at, field }) => [name, at, field.layout.name]),
  ]);
  const numbers = Object.values(names).map(({ values }) =>
    Object.entries(values).map(([name, [value]]) => [name, value]),
  );
  const takes = Object.entries(calls).map(([name, call]) => [name, Object.entries(call.takes)]);
  const whole = JSON.stringify([
    layouts,
    numbers,
    Object.entries(constants).map(([name, [value]]) => [name, value]),
    takes,
  ]);
  return createHash("sha256").update(whole).digest().readUInt32BE(0);
}

// AssemblyScript

function moduleRecords(): string {
  const spaces = records.map((record) =>
    lines([
      comment(record.doc),
      `export namespace ${record.name} {`,
      ...flat(record).map(
        ({ name, at, field }) =>
          `export const ${constantCase(name)}: usize = ${at}; // ${field.layout.name}: ${field.doc}`,
      ),
      `export const SIZE: usize = ${lay(record).size};`,
      "}",
    ]),
  );
  return paragraphs([BY, ...spaces]);
}

/** Enumerations and constants, which differ by a few signs between the two languages. */
function namesIn(language: "module" | "host"): string {
  const [open, is, close, type] = language === "module" ? ["enum", " = ", "}", ": u32"] : ["", ": ", "} as const;", ""];
  const enums = Object.entries(names).map(([name, { doc, values }]) => {
    const members = Object.entries(values).map(([value, [number, what]]) => {
      return `${what === undefined ? "" : `${comment(what)}\n`}${value}${is}${number},`;
    });
    return lines([comment(doc), `export const ${open} ${name} ${open === "" ? "= " : ""}{`, ...members, close]);
  });
  const hash = [version(), "Of records, names and calls: both sides must have the same."] as const;
  const numbers = Object.entries({ ABI_VERSION: hash, ...constants }).map(([name, [value, doc]]) =>
    lines([comment(doc), `export const ${name}${type} = ${value};`]),
  );
  const doc = "/** Four-character codes, read big-endian as in the file. */";
  const pairs = hostCodes.split(" ").map((code) => `${code}: ${numberOf(code)},`);
  const known = language === "host" ? [lines([doc, "export const Code = {", ...pairs, "} as const;"])] : [];
  return paragraphs([BY, ...numbers, ...known, ...enums]);
}

/** A four-character code by its name, as a number. */
function numberOf(code: string): string {
  return `0x${Buffer.from(code.replace(/_$/, " "), "latin1").readUInt32BE(0).toString(16)}`;
}

function moduleCodes(): string {
  const values = codes.split(" ").map((code) => {
    const name = code.replace("©", "c").replace(/\W/g, "_");
    return `export const ${name}: u32 = ${numberOf(code)};`;
  });
  const doc = "/** Four-character codes, read big-endian as in the file. */";
  return lines([BY, doc, "export namespace Code {", ...values, "}"]);
}

function moduleExports(): string {
  const wrappers = Object.entries(calls).map(([name, { doc, takes }]) => {
    const all = Object.entries(takes);
    const parameters = all.map(([parameter, kind]) => `${parameter}: ${argumentKinds[kind].type}`).join(", ");
    const values = all.map(([parameter, kind]) => argumentKinds[kind].pass(parameter)).join(", ");
    const body = `begin(); calls.${name}(${values}); return outcome();`;
    return `${comment(doc)}\nexport function ${name}(${parameters}): Status { ${body} }`;
  });
  return paragraphs([
    BY,
    'import { Status } from "./abi/names";\nimport * as calls from "./calls";\nimport { begin, outcome } from "./memory/status";',
    'export { abiVersion, allocate, reset, result, rewind } from "./use";',
    ...wrappers,
  ]);
}

// TypeScript

const place = (at: number): string => (at === 0 ? "at" : `at + ${at}`);

function hostFields(record: Record_): Placed[] {
  return lay(record).placed.filter(({ member }) => !("inner" in member));
}

function hostInterface(record: Record_): string {
  const fields = hostFields(record).flatMap(({ name, member }) => {
    if ("part" in member)
      return member.answer ? [] : [`/** ${member.doc} */`, `readonly ${name}: ${member.part.name};`];
    const otherwise = member.otherwise === undefined ? "" : ` Default: ${member.otherwise}.`;
    const mark = member.otherwise === undefined ? "" : "?";
    return [`/** ${sentence(member.doc)}${otherwise} */`, `readonly ${name}${mark}: ${member.layout.type};`];
  });
  return lines([comment(record.doc), `export interface ${record.name} {`, ...fields, "}"]);
}

function hostReader(record: Record_): string {
  const fields = hostFields(record).map(({ name, at, member }) => {
    const value = "part" in member ? `read${member.part.name}(view, ${place(at)})` : member.layout.read(place(at));
    return `${name}: ${value},`;
  });
  return lines([
    `/** Reads the ${record.name} at \`at\`. */`,
    `export function read${record.name}(view: DataView, at: number): ${record.name} {`,
    "return {",
    ...fields,
    "};}",
  ]);
}

function hostWriter(record: Record_): string {
  const fields = hostFields(record).flatMap(({ name, at, member }) => {
    if ("part" in member) return member.answer ? [] : [`write${member.part.name}(view, ${place(at)}, value.${name});`];
    const value = member.otherwise === undefined ? `value.${name}` : `value.${name} ?? ${member.otherwise}`;
    return [`${member.layout.write(place(at), value)};`];
  });
  return lines([
    `/** Writes the ${record.name} at \`at\`. */`,
    `export function write${record.name}(view: DataView, at: number, value: ${record.name}): void {`,
    ...fields,
    "}",
  ]);
}

function hostRecords(): string {
  const parts = records.flatMap((record) => {
    const { placed, size } = lay(record);
    const asked = placed.filter(({ name }) => record.placed?.includes(name));
    const offsets = asked.map(({ name, at }) => `${name}: ${at}`).join(", ");
    return [
      ...(record.host === undefined ? [] : [hostInterface(record)]),
      `/** Bytes of a record of ${record.name}. */\nexport const ${constantCase(record.name)}_SIZE = ${size};`,
      ...(record.placed
        ? [`/** Where fields of it lie. */\nexport const ${record.name}At = { ${offsets} } as const;`]
        : []),
      ...(record.host === "reads" || record.host === "both" ? [hostReader(record)] : []),
      ...(record.host === "writes" || record.host === "both" ? [hostWriter(record)] : []),
    ];
  });
  return paragraphs([BY, 'import { bound, hexadecimal, i64, setI64, text, u32, u64 } from "../view.ts";', ...parts]);
}

function hostExports(): string {
  const all = Object.entries(calls).map(([name, { doc, takes }]) => {
    const parameters = Object.keys(takes).map((parameter) => `${parameter}: number`);
    return `${comment(doc)}\n${name}(${parameters.join(", ")}): number;`;
  });
  return lines([
    BY,
    "/** What `build/boxcar.wasm` exports. Calls return a Status and report through the Result at `result()`. */",
    "export interface Exports {",
    "memory: WebAssembly.Memory; abiVersion(): number;",
    "/** Address of the Result record. */\nresult(): number;",
    "/** Forgets all inputs and outputs. */\nreset(): void;",
    "/** Address of `size` bytes, aligned to 16; 0 when memory is out. */\nallocate(size: number): number;",
    "/** Forgets what lies at `pointer` and behind it, so that the next room is there. */\nrewind(pointer: number): void;",
    ...all,
    "}",
  ]);
}

// Docs

function docTable(record: Record_): string {
  const rows = flat(record).map(({ at, field }) => `| ${at} | ${field.layout.name} | ${field.doc} |`);
  return lines(["| at | type | field |", "| --- | --- | --- |", ...rows]);
}

/** `text` with the table of each record that it has a place for, `<!-- abi:NAME -->` to `<!-- abi:end -->`, written anew. */
function withTables(text: string): string {
  return text.replace(
    /(<!-- abi:(\w+) -->)[^]*?(<!-- abi:end -->)/g,
    (whole, start: string, name: string, end: string) => {
      const record = records.find((one) => one.name === name);
      return record === undefined ? whole : `${start}\n\n${docTable(record)}\n\n${end}`;
    },
  );
}

/** Every file that is written from the schema, formatted, by its path. @param docs the text of docs/segment-index.md */
export async function generate(docs: string): Promise<ReadonlyMap<string, string>> {
  const files = {
    "assembly/abi/records.ts": moduleRecords(),
    "assembly/abi/names.ts": namesIn("module"),
    "assembly/abi/codes.ts": moduleCodes(),
    "assembly/index.ts": moduleExports(),
    "src/core/wasm/abi/records.ts": hostRecords(),
    "src/core/wasm/abi/names.ts": namesIn("host"),
    "src/core/wasm/abi/exports.ts": hostExports(),
    "docs/segment-index.md": withTables(docs),
  };
  const formatted = Object.entries(files).map(async ([path, text]) => {
    const parser = path.endsWith(".md") ? "markdown" : "typescript";
    return [path, await format(text, { printWidth: 120, parser })] as const;
  });
  return new Map(await Promise.all(formatted));
}
