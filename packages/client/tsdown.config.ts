import { defineConfig } from "tsdown";

/** Everything of this workspace goes into the package, nothing else does. */
const workspace = /^@llm-backend\//;

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  platform: "neutral",
  target: "es2022",
  dts: { tsconfig: "tsconfig.json" },
  sourcemap: false,
  // @trpc/server's declarations name Disposable, whatever a consumer's `lib` says.
  banner: { dts: '/// <reference lib="esnext.disposable" />' },
  treeshake: { moduleSideEffects: false },
  deps: { alwaysBundle: [workspace], neverBundle: [/^[^.@/]/, /^@(?!llm-backend\/)/] },
  plugins: [
    {
      // The router's type names its context, and that names the server's own types; a client has no use for either.
      name: "opaque-context",
      load: {
        order: "pre",
        filter: { id: /\/trpc\/context\.d\.ts$/ },
        handler: () => "export type Context = object;",
      },
    },
  ],
});
