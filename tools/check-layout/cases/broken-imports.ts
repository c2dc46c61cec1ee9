import type { BrokenTree } from "./broken-tree.ts";

/** Trees that break a rule about what may import what. */
export const brokenImports: readonly BrokenTree[] = [
  {
    name: "packages that import against the arrows of the diagram",
    files: {
      "packages/contract/src/a.ts": 'import { here } from "@llm-backend/stream";\nexport const a = here;\n',
      "packages/gateway/src/a.ts": '\nexport { here } from "@llm-backend/storage";\n',
      "packages/rest/src/a.ts":
        'import type { here } from "@llm-backend/storage";\nexport type A = typeof here;\n',
      "packages/rest/src/b.ts": 'export const b = await import("@llm-backend/gateway");\n',
      "packages/rest/src/c.ts": 'export type C = import("@llm-backend/gateway").Gateway;\n',
      "packages/server/src/a.ts": 'import "@llm-backend/testing";\n',
    },
    violations: [
      "package-directions packages/contract/src/a.ts:1",
      "declared-dependencies packages/contract/src/a.ts:1",
      "package-directions packages/gateway/src/a.ts:2",
      "declared-dependencies packages/gateway/src/a.ts:2",
      "package-directions packages/rest/src/a.ts:1",
      "package-directions packages/rest/src/b.ts:1",
      "package-directions packages/rest/src/c.ts:1",
      "package-directions packages/server/src/a.ts:1",
    ],
  },
  {
    name: "a client that needs the server at run time",
    files: { "packages/client/src/a.ts": 'export { appRouter } from "@llm-backend/server";\n' },
    violations: ["package-directions packages/client/src/a.ts:1"],
  },
  {
    name: "storage and gateway built outside of the files that compose",
    files: {
      "apps/server/src/listen.ts": 'import { a } from "@llm-backend/storage";\nexport const b = a;\n',
      "apps/server/src/cli/serve.ts": 'import { a } from "@llm-backend/gateway";\nexport const b = a;\n',
      "apps/server/src/decompose.ts": 'import { a } from "@llm-backend/gateway";\nexport const b = a;\n',
      "apps/server/src/compose/storage.ts":
        'import { a } from "@llm-backend/gateway";\nexport const b = a;\n',
    },
    violations: [
      "package-directions apps/server/src/cli/serve.ts:1",
      "package-directions apps/server/src/decompose.ts:1",
      "package-directions apps/server/src/listen.ts:1",
    ],
  },
  {
    name: "a reach into another package, by path and by a name it does not export",
    files: {
      "packages/rest/src/a.ts": 'import { here } from "../../server/src/index.ts";\nexport const a = here;\n',
      "packages/rest/test/a.test.ts":
        'import { here } from "../../../tools/run.mjs";\nexport const a = here;\n',
      "packages/rest/src/b.ts":
        'import { here } from "@llm-backend/server/src/index.ts";\nexport const b = here;\n',
      "packages/server/src/c.ts": 'import { here } from "@llm-backend/nothing";\nexport const c = here;\n',
    },
    violations: [
      "deep-imports packages/rest/src/a.ts:1",
      "deep-imports packages/rest/src/b.ts:1",
      "deep-imports packages/rest/test/a.test.ts:1",
      "package-directions packages/server/src/c.ts:1",
      "deep-imports packages/server/src/c.ts:1",
      "declared-dependencies packages/server/src/c.ts:1",
    ],
  },
  {
    name: "services that know of routers, transports and tRPC",
    files: {
      "packages/server/src/user/a-service.ts":
        'import { userRouter } from "./user-router.ts";\nexport const a = userRouter;\n',
      "packages/server/src/user/b-service.ts":
        'import { TRPCError } from "@trpc/server";\nexport const b = TRPCError;\n',
      "packages/server/src/user/c-service.ts": 'import { t } from "../trpc.ts";\nexport const c = t;\n',
      "packages/server/src/mount-http.ts":
        'import { userRouter } from "./user/user-router.ts";\nexport const m = userRouter;\n',
      "packages/server/src/user/d-service.ts": 'import { m } from "../mount-http.ts";\nexport const d = m;\n',
      "packages/server/src/run-registry.ts":
        'import type { R } from "@trpc/server/http";\nimport { removeUser } from "./user/user-router/remove-user.ts";\nexport const r = removeUser as R;\n',
    },
    violations: [
      "server-layers packages/server/src/run-registry.ts:1",
      "server-layers packages/server/src/run-registry.ts:2",
      "server-layers packages/server/src/user/a-service.ts:1",
      "server-layers packages/server/src/user/b-service.ts:1",
      "server-layers packages/server/src/user/c-service.ts:1",
      "server-layers packages/server/src/user/d-service.ts:1",
    ],
  },
  {
    name: "routers that go past their service",
    files: {
      "packages/server/src/user/a-router.ts":
        'import { here } from "@llm-backend/storage";\nexport const a = here;\n',
      "packages/server/src/user/b-router/list.ts":
        'import { here } from "@llm-backend/gateway";\nexport const b = here;\n',
      "packages/server/src/user/c-router.ts": 'import { m } from "../mount-http.ts";\nexport const c = m;\n',
      "packages/server/src/mount-http.ts": "export const m = 1;\n",
    },
    violations: [
      "server-layers packages/server/src/user/a-router.ts:1",
      "server-layers packages/server/src/user/b-router/list.ts:1",
      "server-layers packages/server/src/user/c-router.ts:1",
    ],
  },
  {
    name: "a database driver outside of storage, in a test too",
    files: {
      "packages/server/test/db.test.ts": 'import { sql } from "kysely";\nexport const a = sql;\n',
      "packages/gateway/src/db.ts":
        'import { DatabaseSync } from "node:sqlite";\nexport const b = DatabaseSync;\n',
    },
    violations: [
      "sql-in-storage packages/gateway/src/db.ts:1",
      "sql-in-storage packages/server/test/db.test.ts:1",
      "declared-dependencies packages/server/test/db.test.ts:1",
    ],
  },
  {
    name: "circles: of two files, of one, and of a package that imports itself",
    files: {
      "packages/gateway/src/a.ts": 'import { b } from "./b.ts";\nexport const a = b;\n',
      "packages/gateway/src/b.ts": '\nimport type { a } from "./a.ts";\nexport const b = {} as typeof a;\n',
      "packages/gateway/src/c.ts": 'export { d } from "./c.ts";\nexport const d = 1;\n',
      "packages/server/src/index.ts": 'export { e } from "./e.ts";\n',
      "packages/server/src/e.ts": 'export { here as e } from "@llm-backend/server";\n',
    },
    violations: [
      "cycles packages/gateway/src/b.ts:2",
      "cycles packages/gateway/src/c.ts:1",
      "package-directions packages/server/src/e.ts:1",
      "cycles packages/server/src/e.ts:1",
    ],
  },
  {
    name: "imports that the package does not declare, or declares for tests only",
    files: {
      "packages/gateway/src/a.ts": 'import { z } from "zod";\nexport const a = z;\n',
      "packages/gateway/src/b.ts": 'import { expect } from "vitest";\nexport const b = expect;\n',
      "packages/gateway/src/b.test.ts":
        'import { backend } from "@llm-backend/testing";\nexport const c = backend;\n',
      "packages/client/package.json": JSON.stringify({
        name: "@llm-backend/client",
        exports: { ".": "./src/index.ts" },
        devDependencies: { zod: "catalog:", "@llm-backend/server": "workspace:*" },
      }),
      "packages/client/src/a.ts": 'import { z } from "zod";\nexport const a = z;\n',
      "packages/client/src/b.ts": 'import type { z } from "zod";\nexport type B = typeof z;\n',
    },
    violations: [
      "declared-dependencies packages/client/src/a.ts:1",
      "declared-dependencies packages/gateway/src/a.ts:1",
      "declared-dependencies packages/gateway/src/b.test.ts:1",
      "declared-dependencies packages/gateway/src/b.ts:1",
    ],
  },
];
