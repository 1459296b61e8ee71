/** Calls of tests to a server that records. */
import type { TestServer } from "../app/test-server.ts";

/** A job, as `GET /mp4/api/jobs` tells it. */
export interface Job {
  readonly id: string;
  readonly streamPath: string;
  readonly state: string;
  readonly dropped: number;
  readonly reason: { readonly error: string; readonly message: string } | null;
}

/** Posts JSON. */
export function postTo(server: TestServer, path: string, body: object = {}): ReturnType<TestServer["call"]> {
  return server.call(path, { method: "POST", body: JSON.stringify(body) });
}

/** The job of a stream, if there is one. */
export async function jobAt(server: TestServer, streamPath: string): Promise<Job | undefined> {
  const jobs = (await server.call("/mp4/api/jobs")).json.data as Job[];
  return jobs.find((job) => job.streamPath === streamPath);
}
