import { need } from "../middleware/access.ts";
import type { App } from "../context.ts";
import type { AppMetrics } from "../app-metrics.ts";

/** `GET /metrics`. */
export function addMetrics(app: App, { all }: AppMetrics): void {
  app.get("/metrics", need("admin"), (c) =>
    c.text(all.text(), 200, {
      "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
      "Cache-Control": "no-store",
    }),
  );
}
