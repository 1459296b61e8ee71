import { describe, expect, it } from "vitest";
import { MAX_TEXT_SIZE, MAX_TEXTS, readForm } from "../../src/intake/files/form.ts";
import { statusOf } from "../../src/base/error-codes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
import { styles, writeForm, type Form, type FormField } from "../support/forms.ts";
import { random, seedOf } from "../support/random.ts";

const shape = { file: "img", maxFiles: 3 };

interface ReadPart {
  name: string;
  value: string;
}

async function* chunksAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > from) yield await Promise.resolve(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
}

/** Reads a form that arrives cut at the given places; file contents as latin1. */
async function read({ contentType, body }: Form, cuts: readonly number[] = []): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const part of readForm(contentType, chunksAt(body, cuts), shape)) {
    if (part.kind === "text") parts.push({ name: part.name, value: part.value });
    else {
      const chunks: Buffer[] = [];
      for await (const chunk of part.body) chunks.push(Buffer.from(chunk));
      parts.push({ name: `file ${part.fileName}`, value: Buffer.concat(chunks).toString("latin1") });
    }
  }
  return parts;
}

const refusal = async (form: Form, cuts: readonly number[] = []): Promise<string> => {
  try {
    await read(form, cuts);
  } catch (error) {
    if (error instanceof BoxcarError) return `${String(statusOf(error))} ${error.code}`;
    throw error;
  }
  return "taken";
};

describe("readForm", () => {
  /** Contents that come close to a boundary, or to its end. */
  const contents = (boundary: string): string[] => [
    "plain",
    "",
    "\r\n",
    "--",
    "ends in dashes --",
    `\r\n--${boundary.slice(0, -1)}`,
    `\r\n-\r\n--\r\n\r--${boundary}`,
    `--${boundary}--\r\n`,
    "\r\r\n\r\n--\r",
  ];

  it.each(Object.entries(styles))("reads what %s writes, wherever the network cuts it", async (_name, style) => {
    for (const content of contents(style.boundary)) {
      const fields: FormField[] = [
        { name: "imageClassId", value: "7" },
        { name: "img", value: Buffer.from(content, "latin1"), fileName: "a.jpg", type: "image/jpeg" },
        { name: "note", value: "晚上好" },
      ];
      const form = writeForm(fields, style);
      const expected = [
        { name: "imageClassId", value: "7" },
        { name: "file a.jpg", value: content },
        { name: "note", value: "晚上好" },
      ];
      for (let cut = 0; cut <= form.body.length; cut++)
        expect(await read(form, [cut]), `${JSON.stringify(content)} cut at ${cut}`).toEqual(expected);
      const everywhere = Array.from(form.body, (_byte, i) => i);
      expect(await read(form, everywhere)).toEqual(expected);
    }
  });

  it("reads random forms in random pieces", async () => {
    const seed = seedOf(20_260_131);
    const chance = random(seed);
    for (let round = 0; round < 300; round++) {
      const style = chance.pick(Object.values(styles));
      const alphabet = ["\r", "\n", "-", "--", style.boundary, "x"];
      const content = Array.from({ length: chance.below(40) }, () => chance.pick(alphabet))
        .join("")
        .replaceAll(`\r\n--${style.boundary}`, "");
      const form = writeForm(
        [
          { name: "img", value: content, fileName: "1" },
          { name: "img", value: content, fileName: "2" },
        ],
        style,
      );
      const cuts = Array.from({ length: chance.below(9) }, () => chance.below(form.body.length)).toSorted(
        (a, b) => a - b,
      );
      expect(await read(form, cuts), `seed ${seed}, round ${round}`).toEqual([
        { name: "file 1", value: content },
        { name: "file 2", value: content },
      ]);
    }
  });

  it.each([
    ["晚餐 — 图 (1).png"],
    ["C:\\fakepath\\a b.png"],
    ["a%22b.png"],
    [""],
    ["_doc/uniapp_temp_1699/compressed/1699999999.jpg"],
    ["😀.png"],
    [`${"long".repeat(500)}.png`],
  ])("takes the file name %# as it stands", async (fileName) => {
    const parts = await read(writeForm([{ name: "img", value: "x", fileName }]));
    expect(parts).toEqual([{ name: `file ${fileName}`, value: "x" }]);
  });

  const img: FormField = { name: "img", value: "x", fileName: "a.png" };
  const text = (name: string, value = "1"): FormField => ({ name, value });
  it.each<[string, FormField[], string]>([
    ["a file in another field", [{ ...img, name: "file" }], "400 unknown_field"],
    ["any text", [text("token"), img], "taken"],
    ["a file in another field of many", [{ ...img, name: "img[a]" }], "400 unknown_field"],
    [
      "files in numbered fields",
      [
        { ...img, name: "img[]" },
        { ...img, name: "img[1]" },
      ],
      "taken",
    ],
    ["a file in a field of text", [{ ...img, name: "note" }], "400 unknown_field"],
    ["a file without a field's name", [{ ...img, name: "" }], "400 unknown_field"],
    ["more files than allowed", [img, img, img, img], "400 too_many_parts"],
    ["more texts than allowed", Array.from({ length: MAX_TEXTS + 1 }, () => text("note")), "400 too_many_parts"],
    ["a text that is too long", [text("note", "x".repeat(MAX_TEXT_SIZE + 1))], "400 field_too_large"],
    ["a text as long as allowed", [text("note", "x".repeat(MAX_TEXT_SIZE))], "taken"],
    ["as much as allowed", [img, img, img, ...Array.from({ length: MAX_TEXTS }, () => text("note"))], "taken"],
  ])("reads, or refuses at once: %s", async (_what, fields, expected) => {
    expect(await refusal(writeForm(fields))).toBe(expected);
  });

  it("refuses what is no form, or not all of one", async () => {
    const form = writeForm([img]);
    for (let length = 0; length < form.body.length - 2; length++)
      expect(await refusal({ ...form, body: form.body.subarray(0, length) }), `${length} bytes`).toBe("400 bad_form");
    for (const contentType of ["", "application/json", "multipart/mixed; boundary=x", "multipart/form-database"])
      expect(await refusal({ ...form, contentType }), contentType).toBe("415 unsupported_body");
    for (const contentType of ["multipart/form-data", "multipart/form-data; charset=utf-8"])
      expect(await refusal({ ...form, contentType }), contentType).toBe("400 bad_form");
  });

  it.each([
    "__proto__: x\r\n__proto__: y",
    "constructor: x",
    "no colon",
    "bad name: x",
    "content-disposition: form-data; name=a; filename=b; filename*=UTF-8''%E0%A4%A",
    `x: ${"y".repeat(17_000)}`,
    Array.from({ length: 101 }, (_, i) => `x${i}: y`).join("\r\n"),
  ])("refuses or ignores the part header %#", async (header) => {
    const body = Buffer.from(`--b\r\n${header}\r\n\r\nx\r\n--b--\r\n`);
    expect(await refusal({ contentType: "multipart/form-data; boundary=b", body })).toMatch(/^400 /);
  });

  it("refuses an unknown field before its body is read", async () => {
    const form = writeForm([{ ...img, name: "wrong", value: "x".repeat(100_000) }]);
    let asked = 0;
    async function* slowly(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < form.body.length; at += 1000) {
        asked++;
        yield await Promise.resolve(form.body.subarray(at, at + 1000));
      }
    }
    await expect(readForm(form.contentType, slowly(), shape).next()).rejects.toMatchObject({ code: "unknown_field" });
    expect(asked).toBe(1);
  });
});
