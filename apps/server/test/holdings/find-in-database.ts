import { execFileSync } from "node:child_process";
import { join } from "node:path";

// In a process of its own: a second SQLite in this one would take away the locks of the first.
const program = `
  const { DatabaseSync } = require("node:sqlite");
  const [path, value] = process.argv.slice(1);
  const database = new DatabaseSync(path, { readOnly: true });
  const columns = database.prepare(
    "select s.name as t, c.name as c from sqlite_schema s, pragma_table_info(s.name) c " +
      "where s.type = 'table' and s.name not like 'search_index%'",
  ).all();
  const holds = ({ t, c }) =>
    database.prepare('select 1 from "' + t + '" where instr(cast("' + c + '" as text), ?) limit 1').get(value);
  const words = database.prepare("select count(*) as n from search_index where search_index match ?");
  const found = columns.filter(holds).map(({ t, c }) => t + "." + c);
  // The index has each user's words apart, and who is removed has no row any more that would tell the number.
  const ids = Array.from({ length: 100 }, (_, id) => id);
  const own = (id) => '"' + value.replaceAll(/[0-9A-Za-z\\u0080-\\uffff]+/g, id + "u$&") + '"';
  if (ids.some((id) => words.get(own(id)).n > 0)) found.push("search_index");
  console.log(JSON.stringify(found));
`;

/** Every column of a backend's database in which a text stands, and the search index where it is a word of it. */
export function findInDatabase(dataFolder: string, text: string): string[] {
  const path = join(dataFolder, "llm-backend.db");
  const flags = ["--no-warnings", "-e", program, "--", path, text];
  return JSON.parse(execFileSync(process.execPath, flags, { encoding: "utf8" })) as string[];
}

const beginning = `
  const { DatabaseSync } = require("node:sqlite");
  const [path, id] = process.argv.slice(1);
  const database = new DatabaseSync(path);
  database.exec("pragma busy_timeout = 5000");
  database.prepare("update users set erased_at = 1, status = 'disabled' where id = ?").run(Number(id));
`;

/** Leaves an account as a server does that dies behind the first step of removing it. */
export function beginErasure(dataFolder: string, userId: number): void {
  const flags = ["--no-warnings", "-e", beginning, "--", join(dataFolder, "llm-backend.db"), String(userId)];
  execFileSync(process.execPath, flags);
}
