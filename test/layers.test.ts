import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import layers from "../layers.json" with { type: "json" };

/** The files below a folder, and what each imports of it. */
function importsOf(folder: string): Map<string, string[]> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"));
  const imports = /^\s*(?:import|export)\s[^"';]*?from\s+"(\.[^"]+)"|^import\s+"(\.[^"]+)"|import\(\s*"(\.[^"]+)"/gm;
  return new Map(
    files.map((file) => {
      const found = [...readFileSync(file, "utf8").matchAll(imports)].map(([, from, alone, later]) =>
        normalize(join(dirname(file), from ?? alone ?? later ?? "")),
      );
      return [
        file,
        found.map((path) => (path.endsWith(".ts") ? path : `${path}.ts`)).filter((path) => files.includes(path)),
      ];
    }),
  );
}

/** The first files that import one another in a ring. */
function ringIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of imports.get(file) ?? []) {
      const ring = walk(next, [...path, file]);
      if (ring.length > 0) return ring;
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const ring = walk(file, []);
    if (ring.length > 0) return ring;
  }
  return [];
}

describe("the files of src", () => {
  const all = importsOf("src");
  const roomOf = (file: string): string => file.split("/")[1] ?? "";
  const rowOf = (file: string): number => layers.rows.findIndex((row) => row.includes(roomOf(file)));

  it("lie in a row each", () => {
    expect(all.size).toBeGreaterThan(200);
    expect([...all.keys()].filter((file) => rowOf(file) === -1)).toEqual([]);
  });

  it("import what stands in their own folder or in a later row", () => {
    const upward = [...all].flatMap(([file, imports]) =>
      imports.filter((other) => rowOf(other) < rowOf(file)).map((other) => `${file} imports ${other}`),
    );
    expect(upward).toEqual([]);
  });

  it("import the core through its face", () => {
    const behind = [...all].flatMap(([file, imports]) =>
      imports
        .filter((other) => roomOf(other) === "core" && other !== "src/core/index.ts")
        .filter(() => !layers.insideCore.includes(roomOf(file)))
        .map((other) => `${file} imports ${other}`),
    );
    expect(behind).toEqual([]);
  });

  it("import no route but from the app", () => {
    const routes = [...all.keys()].filter((file) =>
      /^export function add[A-Z]\w*\(app: App/m.test(readFileSync(file, "utf8")),
    );
    expect(routes.length).toBeGreaterThan(10);
    const asked = [...all].flatMap(([file, imports]) =>
      imports
        .filter((other) => routes.includes(other) && file !== "src/http/app.ts")
        .map((other) => `${file} imports ${other}`),
    );
    expect(asked).toEqual([]);
  });

  it("of the core's stages import earlier stages alone", () => {
    const stageOf = (file: string): number => {
      const [, folder, room = ""] = file.split("/");
      return folder === "core" ? layers.coreStages.indexOf(room) : -1;
    };
    const ahead = [...all].flatMap(([file, imports]) =>
      imports
        .filter((other) => stageOf(file) !== -1 && stageOf(other) > stageOf(file))
        .map((other) => `${file} imports ${other}`),
    );
    expect(new Set([...all.keys()].map(stageOf)).size).toBe(layers.coreStages.length + 1);
    expect(ahead).toEqual([]);
  });

  it("import no room of routes but their own", () => {
    const routesOf = (file: string): string | undefined => {
      const [, folder, room = ""] = file.split("/");
      return folder === "http" && layers.routes.includes(room) ? room : undefined;
    };
    const together = ["src/http/app.ts", "src/http/context.ts"]; // what puts them together
    const asked = [...all].flatMap(([file, imports]) =>
      imports
        .filter((other) => ![undefined, routesOf(file)].includes(routesOf(other)) && !together.includes(file))
        .map((other) => `${file} imports ${other}`),
    );
    expect(new Set([...all.keys()].map(routesOf)).size).toBe(layers.routes.length + 1);
    expect(asked).toEqual([]);
  });

  it("import one another in no ring", () => {
    expect(ringIn(all)).toEqual([]);
  });
});

describe("the files of assembly", () => {
  const all = importsOf("assembly");

  const roomOf = (file: string): number => layers.assembly.indexOf(file.split("/")[1] ?? "");

  it("lie in a room each", () => {
    const entries = ["assembly/index.ts", "assembly/calls.ts", "assembly/use.ts"];
    expect(all.size).toBeGreaterThan(50);
    expect([...all.keys()].filter((file) => roomOf(file) === -1 && !entries.includes(file))).toEqual([]);
  });

  it("import what stands in their own or an earlier room", () => {
    const ahead = [...all].flatMap(([file, imports]) =>
      imports
        .filter((other) => roomOf(file) !== -1 && (roomOf(other) === -1 || roomOf(other) > roomOf(file)))
        .map((other) => `${file} imports ${other}`),
    );
    expect(new Set([...all.keys()].map(roomOf)).size).toBe(layers.assembly.length + 1);
    expect(ahead).toEqual([]);
  });

  it("import one another in no ring", () => {
    expect(ringIn(all)).toEqual([]);
  });
});
