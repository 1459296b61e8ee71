import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // One more than the two cores that it is planned for: tests also wait.
    maxWorkers: 3,
    // A process imports the modules once for all its test files: they must leave no state behind in them.
    isolate: false,
  },
});
