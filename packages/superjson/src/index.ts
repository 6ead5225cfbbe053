export {
  createSuperjsonSerializer,
  type SuperjsonSerializerOptions,
  superjsonSerializer,
} from "./superjson-serializer.js";
