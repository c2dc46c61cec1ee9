import { expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { openKysely } from "./open-kysely.ts";
import { createMessage, insertConversation } from "./suite/rows.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

it("has lists of each user's own words, and no word that stands in every text of a user", async () => {
  using folder = createTemporaryFolder();
  const path = `${folder.path}/a.db`;
  const storage = await openSqlite({ path });
  const owners: number[] = [];
  for (const texts of [
    ["rain today", "sun, tomorrow", "RAIN"],
    ["rain", "東京 Ünder"],
  ]) {
    const { userId, id: conversationId } = await insertConversation(storage, { title: "" });
    await storage.messages.insert(texts.map((content) => createMessage({ conversationId, content })));
    owners.push(userId);
  }
  await storage.close();
  await using opened = openKysely(path);
  opened.connection.exec("create virtual table temp.words using fts5vocab(main, search_index, row)");
  const rows = opened.connection.prepare<[], [string, number]>("select term, doc from words").raw().all();
  const [first, second] = owners;
  expect(Object.fromEntries(rows)).toEqual({
    [`${first}urain`]: 2,
    [`${first}utoday`]: 1,
    [`${first}usun`]: 1,
    [`${first}utomorrow`]: 1,
    [`${second}urain`]: 1,
    [`${second}u東`]: 1,
    [`${second}u京`]: 1,
    [`${second}uunder`]: 1,
  });
});
