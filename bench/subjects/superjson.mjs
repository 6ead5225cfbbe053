import superjson from "superjson";

export const about = { packages: ["superjson"], docs: ["https://github.com/flightcontrolhq/superjson#readme"] };

export const cannot = {};

export const serializer = () => ({ encode: superjson.stringify, decode: superjson.parse });
