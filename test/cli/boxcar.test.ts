import { expect, test } from "vitest";
import { boxcar } from "./boxcar-program.ts";

test("help is given for the program and each command", async () => {
  const all = await boxcar(["--help"]);
  expect(all.code).toBe(0);
  const names = [...all.stdout.matchAll(/^ {2}boxcar (\w+)/gm)].map((match) => match[1] ?? "");
  expect(names).toEqual([
    "serve",
    "import",
    "retain",
    "migrate",
    "doctor",
    "adopt",
    "clip",
    "inspect",
    "worker",
    "demo",
  ]);
  for (const name of names) {
    const one = await boxcar([name, "--help"]);
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one.stdout).toMatch(new RegExp(`^boxcar ${name}`));
  }
});

test.each([
  [["fly"], "no command fly"],
  [["__proto__"], "no command __proto__"],
  [["serve", "--port", "1"], "--port"],
  [["import", "."], "--pattern"],
  [["import", "--pattern", "%path/%s.mp4"], "one folder"],
  [["import", "./nowhere", "--pattern", "%path/%s.mp4"], "./nowhere is no folder"],
  [["clip", "a.mp4"], "-o OUT"],
  [["clip", "-o", "b.mp4"], "files to cut"],
  [["clip", "a.mp4", "-o", "package.json"], "package.json exists"],
  [["clip", "a.mp4", "-o", "b.mp4", "--cut", "soon"], "--cut is frame or keyframe"],
  [["inspect"], "one file"],
  [["import", ".", "--pattern", "%path.mp4"], "says no time"],
  [["import", ".", "--pattern", "%path/%s.mp4", "--tz", "Mars"], "no known time zone"],
  [["import", ".", "--pattern", "%s.mp4", "--stream", "a/../b"], "a/../b"],
  [["import", ".", "--pattern", "%path/%s.mp4", "--watch", "--quiet", "long"], "no length of time"],
  [["import", ".", "--pattern", "%path/%s.mp4", "--quiet", "5s"], "--quiet belongs to --watch"],
  [["clip", "package.json", "-o", "b.mp4", "--tz", "Mars"], "no known time zone"],
  [["clip", "nowhere.mp4", "-o", "b.mp4", "--from", "soon"], "no length of time"],
  [["clip", "nowhere.mp4", "-o", "b.mp4", "--to", "2026-02-31T00:00:00Z"], "2026-02-31"],
])("boxcar %j is refused with a word on what to do", async (args, text) => {
  const { code, stdout, stderr } = await boxcar(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(text);
  expect(stderr).not.toContain("    at ");
});
