import { expect, test } from "vitest";
import { compiledCore, feed, WatchedCore } from "./feed.ts";
import { goodFiles } from "./good.ts";

const watched = new WatchedCore(await compiledCore());

test.each(goodFiles.map((file, i) => [i, file] as const))("good file %i is taken as it is and served", (_, file) => {
  const { name, detail } = feed(watched, file);
  expect({ name, detail }).toEqual({ name: "accepted", detail: [] });
});
