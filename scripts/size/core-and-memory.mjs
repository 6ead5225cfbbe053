// What the size limit measures: everything that the two packages export.
import * as core from "@granary/core";
import * as memory from "@granary/memory";

export { core, memory };
