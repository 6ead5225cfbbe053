import type { HandlesCapability } from "@granary/core";
import type { NearTier } from "./near-tier.js";

/** The places of the near tier: a copy that far has to confirm is not to be had there. */
export function trustedHandles(handles: HandlesCapability, near: NearTier): HandlesCapability {
  return {
    of: (key) => handles.of(key),
    permits: (handle, now) =>
      handle.rest !== undefined && near.trustsFresh(handle.rest, now) && handles.permits(handle, now),
  };
}
