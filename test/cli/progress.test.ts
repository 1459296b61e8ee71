import { expect, test } from "vitest";
import { Progress } from "../../src/cli/progress.ts";

function terminal(isTTY: boolean): { text: string; isTTY: boolean; columns: number; write(text: string): boolean } {
  return {
    text: "",
    isTTY,
    columns: 60,
    write(text) {
      this.text += text;
      return true;
    },
  };
}

test("off a terminal every step is a line", () => {
  const out = terminal(false);
  const progress = new Progress(2, out);
  progress.step("imported a");
  progress.step("refused b");
  progress.end();
  expect(out.text).toBe("1/2 imported a\n2/2 refused b\n");
});

test("on a terminal a bar redraws itself within the width", () => {
  const out = terminal(true);
  const progress = new Progress(2, out);
  progress.step("imported a");
  expect(out.text).toContain(`[${"#".repeat(12)}${"-".repeat(12)}] 1/2 imported a`);
  progress.step(`refused ${"b".repeat(100)}`);
  const bar = out.text.slice(out.text.lastIndexOf("\u001b[K") + 3);
  expect(bar).toHaveLength(59);
  progress.end();
  expect(out.text.endsWith("\r\u001b[K")).toBe(true);
});
