import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addSegment, startTestServer, type TestServer } from "../app/test-server.ts";
import { recording } from "../support/recording.ts";
