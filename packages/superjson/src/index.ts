export {
  createSuperjsonSerializer,
  type SuperjsonLike,
  type SuperjsonSerializerOptions,
  superjsonSerializer,
} from "./superjson-serializer.js";
