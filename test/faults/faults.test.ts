// One file, so that fleets of all of them work at once: most of the time is spent waiting.
import { afterAll } from "vitest";
import { writeReport } from "./support/report.js";
import "./acknowledged.js";
import "./boot-and-close.js";
import "./every-few-seconds.js";
import "./failing-origin.js";
import "./failover.js";
import "./network.js";
import "./planted.js";
import "./redis-itself.js";

afterAll(writeReport);
