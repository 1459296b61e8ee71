import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { anyone } from "../middleware/access.ts";
import { capabilities, capabilitiesOf } from "./capabilities.ts";
import type { App, AppPlatform } from "../context.ts";
import { query, spanning } from "../schema/parameters.ts";
import { done, json, refused, success } from "../replies/replies.ts";
import * as z from "../schema/zod.ts";
import { staticFile } from "./static-files.ts";

const health = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the process answers, and what it can do",
  middleware: anyone,
  request: { query: query({}) },
  responses: {
    200: json("It does.", success(z.object({ runtime: z.enum(["node", "bun", "deno", "worker"]), capabilities }))),
    ...refused,
  },
});

const readiness = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether catalog and store answer",
  middleware: anyone,
  request: { query: query({}) },
  responses: { 200: json("Both do.", success(z.null())), ...refused },
});

/** Health, the description of the API, and the pages. Call it after all other routes are added. */
export function addService(app: App, platform: AppPlatform): void {
  addHealth(app, platform);
  addDescription(app, platform);
  addPages(app, platform);
}

function addHealth(app: App, platform: AppPlatform): void {
  app.openapi(health, (c) => {
    const data = { runtime: platform.runtime, capabilities: capabilitiesOf(platform) };
    return c.json(done(data), 200);
  });

  app.openapi(readiness, async (c) => {
    try {
      // There is no such object; that the store says so shows that it answers.
      const { catalog, store, publicFiles } = platform;
      await Promise.all([catalog.ping(), store.head("readyz"), publicFiles?.head("readyz")]);
    } catch (cause) {
      const message = "The catalog or the store does not answer. Look into the log of the server.";
      throw new BoxcarError("not_ready", message, {}, cause);
    }
    return c.json(done(null), 200);
  });
}

/** `/openapi.json`. */
function addDescription(app: App, platform: AppPlatform): void {
  const info = { title: "boxcar", version: "1", description: "Recorded MP4 segments as one seamless MP4." };
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  const security = platform.config.access.open ? [] : [{ token: [] }];
  const describe = (): string => {
    const document = app.getOpenAPI31Document({ openapi: "3.1.0", info, security });
    // The braces that let a path parameter span slashes belong to the router alone.
    const paths: Record<string, unknown> = {};
    for (const [path, item] of Object.entries(document.paths ?? {}))
      paths[path.replace(spanning, "")] = tagged(path, item);
    return JSON.stringify({ ...document, paths, tags: tags.map(([name]) => ({ name })) });
  };
  let description: string | undefined; // made when it is first asked for: a server is to start soon
  app.get("/openapi.json", anyone, (c) =>
    c.text((description ??= describe()), 200, { "Content-Type": "application/json" }),
  );
}

/** The page of the server, and the one that shows the description. */
function addPages(app: App, platform: AppPlatform): void {
  const policy = (more: string): string => `default-src 'self'; ${more}; base-uri 'none'; frame-ancestors 'none'`;
  app.get("/", anyone, async (c) => {
    const scripts = "script-src 'self' 'wasm-unsafe-eval'"; // files are opened by WebAssembly
    c.header("Content-Security-Policy", policy(`${scripts}; img-src 'self' blob: data:; media-src 'self' blob:`));
    c.header("X-Frame-Options", "DENY");
    return (await staticFile(c, platform, "page/index.html")) ?? c.redirect("/docs");
  });
  app.get("/page/:name", anyone, async (c) => {
    const name = c.req.param("name");
    return (isCompressed(name) ? undefined : await staticFile(c, platform, `page/${name}`)) ?? c.notFound();
  });
  app.get("/docs", anyone, (c) => {
    c.header("Content-Security-Policy", policy("style-src 'self' 'unsafe-inline'; img-src 'self' data:"));
    c.header("X-Frame-Options", "DENY");
    return c.html(page);
  });
  app.get("/docs/start.js", anyone, (c) => c.body(start, 200, { "Content-Type": "text/javascript; charset=utf-8" }));
  app.get("/docs/:name", anyone, async (c) => {
    const kept = { "Cache-Control": "public, max-age=86400" };
    const name = c.req.param("name");
    return (
      (pageFiles.has(name) ? await staticFile(c, platform, `swagger-ui/${name}`, kept) : undefined) ?? c.notFound()
    );
  });
}

/** Sections of the page, with a heading each, and the paths that belong to them: the first that fits. */
const tags = [
  ["Play, download, see", /^\/mp4\/(?:download|hls|dash|live|snapshot|sprite)\//],
  ["What is recorded", /^\/mp4\/api\/(?:list|catalog|timeline|delete)/],
  ["Record", /^\/mp4\/api\/(?:jobs|start|stop|sources|event)/],
  ["Upload", /^\/(?:mp4\/api\/segments|api\/uploads)/],
  ["Files and pictures of a chat", /^\/(?:api\/chat|files|public)\//],
  ["The server", /^/],
] as const;

/** An item of `paths` whose operations are in their section. */
function tagged(path: string, item: object): object {
  const section = tags.find(([, paths]) => paths.test(path))?.[0];
  const operations = Object.entries(item) as [string, object][];
  return Object.fromEntries(operations.map(([method, operation]) => [method, { ...operation, tags: [section] }]));
}

/** Files are named without what they are kept in. */
const isCompressed = (name: string): boolean => /\.(br|gz)$/.test(name);
const pageFiles = new Set(["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"]);

/** Colours of Swagger UI that are too faint to be read by all (WCAG 2.2, 1.4.3), darker. */
const contrast = `
  .swagger-ui .info .title small, .swagger-ui .info .title small pre { background: #4a6a00; }
  .swagger-ui .info .title small.version-stamp, .swagger-ui .info .title small.version-stamp pre { background: #4a6a00; }
  .swagger-ui .info .link .url, .swagger-ui a.link, .swagger-ui .info a { color: #1c5fb4; }
  .swagger-ui .btn.authorize, .swagger-ui .btn.authorize span { color: #1b6e45; border-color: #1b6e45; }
  .swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1c5fb4; }
  .swagger-ui .opblock.opblock-post .opblock-summary-method { background: #1b6e45; }
  .swagger-ui .opblock.opblock-put .opblock-summary-method { background: #8a5200; }
  .swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #b3261e; }
  .swagger-ui .opblock.opblock-patch .opblock-summary-method { background: #0f6b62; }
  .swagger-ui .opblock.opblock-head .opblock-summary-method { background: #6d28d9; }
  .swagger-ui .opblock.opblock-options .opblock-summary-method { background: #0d5aa7; }
  .swagger-ui .json-schema-2020-12-expand-deep-button { color: #4b5563; }
`;

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>boxcar API</title>
    <link rel="icon" href="/docs/favicon-32x32.png" />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
    <style>${contrast}</style>
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// Its deep links are links inside buttons, which assistive technology cannot tell apart.
const start = `SwaggerUIBundle({ url: "/openapi.json", domNode: document.getElementById("api") });\n`;
