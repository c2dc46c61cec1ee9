import { checkLayout } from "./check-layout.ts";
import { exceptions } from "./exceptions.ts";
import { readTree } from "./read-tree.ts";
import { toText } from "./violation.ts";
import { createWorkspace } from "./workspace.ts";

// Usage: node tools/check-layout/main.ts [root]
const workspace = createWorkspace(readTree(process.argv[2] ?? "."));
const violations = checkLayout(workspace, exceptions);
for (const violation of violations) console.log(toText(violation));
console.log(`${workspace.sources.length} files, ${violations.length} violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
