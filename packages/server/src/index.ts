export { appRouter, createCaller, type AppRouter, type Caller } from "./app-router.ts";
export {
  createBackend,
  type Backend,
  type Services,
  type ServiceSettings,
  type ServicesDeps,
} from "./services.ts";
export type { Context } from "./trpc/context.ts";
export { subscriptionTiming, type ProcedureMeta } from "./trpc/trpc.ts";
export { wireTransformer } from "./trpc/wire-transformer.ts";
export {
  mapError,
  toErrorShape,
  toErrorBody,
  type ErrorShape,
  type MappedError,
} from "./trpc/error-shape.ts";
export { requireShallow } from "./trpc/require-shallow.ts";
export type { Viewer } from "./auth/viewer.ts";
export { createPasswordHasher, type PasswordHasherOptions } from "./auth/password-hasher.ts";
export { createUserService, type UserService } from "./user/user-service.ts";
export { createNewId } from "./identity/new-id.ts";
export {
  createUpstreamService,
  type FoundUpstream,
  type UpstreamService,
  type UpstreamSource,
} from "./upstream/upstream-service.ts";
export { createSealBox, type SealBox } from "./secrets/seal-box.ts";
