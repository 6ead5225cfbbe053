/**
 * The runtime ends whatever a request has begun together with the request, as Cloudflare's workerd does: a promise, or a
 * timer, of one request may never come to anything for another one. So nothing that takes its time is shared there.
 */
export const isolatesRequests: boolean =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === "Cloudflare-Workers";
