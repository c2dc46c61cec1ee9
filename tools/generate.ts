import { checkFiles, loadGenerators, writeFiles } from "./generated-files.ts";

// Usage: node --conditions=@llm-backend/source tools/generate.ts [--check]
const generators = await loadGenerators(new URL("generators/", import.meta.url));
const root = new URL("../", import.meta.url);

if (process.argv.includes("--check")) {
  const stale = await checkFiles(root, generators);
  for (const path of stale) console.log(`${path} is not what its generator makes: npm run generate`);
  console.log(`${generators.length} generated files, ${stale.length} out of date`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  const written = await writeFiles(root, generators);
  for (const path of written) console.log(path);
  console.log(`${generators.length} generated files, ${written.length} written`);
}
