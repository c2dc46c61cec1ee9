import type { Rule } from "./rule.ts";
import { cycles } from "./rules/cycles.ts";
import { deepImports } from "./rules/deep-imports.ts";
import { catalogVersions, declaredDependencies } from "./rules/dependencies.ts";
import { drawerNames } from "./rules/drawer-names.ts";
import { environment } from "./rules/environment.ts";
import { forbiddenComments } from "./rules/forbidden-comments.ts";
import { functionLength } from "./rules/function-length.ts";
import { layerSuffixes } from "./rules/layer-suffixes.ts";
import { namedExports } from "./rules/named-exports.ts";
import { packageDirections, packageHasDirections } from "./rules/package-directions.ts";
import { packageFiles } from "./rules/package-files.ts";
import { serverLayers } from "./rules/server-layers.ts";
import { sqlInStorage } from "./rules/sql-in-storage.ts";
import { testModes } from "./rules/test-modes.ts";

/** All rules of the layout. */
export const rules: readonly Rule[] = [
  packageDirections,
  packageHasDirections,
  deepImports,
  serverLayers,
  layerSuffixes,
  sqlInStorage,
  cycles,
  drawerNames,
  packageFiles,
  namedExports,
  environment,
  catalogVersions,
  declaredDependencies,
  forbiddenComments,
  testModes,
  functionLength,
];
