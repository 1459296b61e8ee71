import { readFileSync } from "node:fs";
import { URL } from "node:url";
import eslint from "@eslint/js";
import { importX } from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

/**
 * The way imports run: a folder of `src` may import what stands in a later row, not in its own or an earlier one; and what
 * may look behind the face of the core: ranges of recordings are planned page by page, with what plans share.
 */
const { rows, insideCore } = JSON.parse(readFileSync(new URL("layers.json", import.meta.url), "utf8"));

/** Where a runtime or a vendor may be named. */
const OUTSIDE_WORLD = ["src/runtime/**", "src/store/**", "src/cli/**"];
const RUNTIME_GLOBALS = ["process", "Buffer", "Bun", "Deno", "global", "__dirname", "require"];
const vendors = {
  regex:
    "^(node:|bun:|bun$|@libsql/client|@hono/node-server|ali-oss|aws4fetch|@aws-sdk/|fluent-ffmpeg|@ffmpeg-installer|@ffprobe-installer)",
  message:
    "Only src/runtime, src/store and src/cli name a runtime or a vendor; take a port from base/ports.ts instead.",
};

const from = (names) => `^\\.\\.?/(.*/)?(${names.join("|")})(/|$)`;

/** Lint blocks that hold each folder of `src` to its row. */
const layers = rows.flatMap((row, i) =>
  row.map((name) => {
    const above = rows.slice(0, i).flat();
    const beside = row.filter((other) => other !== name);
    const outside = OUTSIDE_WORLD.includes(`src/${name}/**`);
    const patterns = [
      ...(outside ? [] : [vendors]),
      ...(name === "core"
        ? [{ regex: "^[^.]", message: "src/core is a library by itself: it imports src/base alone, no package." }]
        : []),
      ...(insideCore.includes(name)
        ? []
        : [{ regex: "^(\\.\\./)+core/(?!index\\.ts$)", message: "The face of the core is core/index.ts." }]),
      ...(above.length > 0
        ? [{ regex: from(above), message: `src/${name} is below that in the order of imports.` }]
        : []),
      ...(beside.length > 0 && i > 0
        ? [
            {
              regex: from(beside),
              allowTypeImports: true,
              message: "Stages do not import their siblings; only types may be shared.",
            },
          ]
        : []),
    ];
    const files = [`src/${name}/**/*.ts`];
    return { files, rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] } };
  }),
);

export default tseslint.config(
  { ignores: ["build/", "dist/", "src/client/paths.ts", "node_modules/", "data/", "demo-data/", "coverage/"] },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    ignores: ["assembly/**"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "import-x": importX },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver()] },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "import-x/no-cycle": "error",
      "import-x/no-default-export": "error",
      "import-x/no-duplicates": ["error", { "prefer-inline": true }],
      "import-x/extensions": ["error", "ignorePackages"],
      eqeqeq: "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    plugins: { jsdoc },
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true },
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: OUTSIDE_WORLD,
    rules: {
      "no-restricted-globals": ["error", ...RUNTIME_GLOBALS.map((name) => ({ name, message: vendors.message }))],
    },
  },
  { files: ["src/core/wasm/abi/**"], rules: { "max-lines": "off" } }, // written by `npm run abi`
  {
    // AssemblyScript has TypeScript's grammar, and types of its own.
    files: ["assembly/**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    plugins: { jsdoc },
    rules: {
      ...{ "no-undef": "off", "no-unused-vars": "off", "no-loss-of-precision": "off", "no-empty": "off" },
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "jsdoc/require-jsdoc": [
        "error",
        { publicOnly: true, require: { ClassDeclaration: true, FunctionDeclaration: true } },
      ],
    },
  },
  // The calls are described in abi/schema.ts; the records are written by `npm run abi`.
  { files: ["assembly/calls.ts"], rules: { "jsdoc/require-jsdoc": "off" } },
  { files: ["assembly/abi/**"], rules: { "max-lines": "off" } },
  ...layers,
  { files: ["src/cli/**/*.ts"], rules: { "no-console": "off" } }, // the terminal is its output
  {
    files: ["*.config.ts", "*.config.js"],
    rules: { "import-x/no-default-export": "off" },
  },
);
