import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/memory-folder.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // A process imports the modules once for all its test files: they must leave no state behind in them.
    isolate: false,
    // Some versions of Node's own fetch throw where nobody can catch it, when a server ends a connection amid an answer.
    onUnhandledError: ({ name, stack = "" }) =>
      !(name === "AssertionError" && stack.includes("node:internal/deps/undici")),
  },
});
