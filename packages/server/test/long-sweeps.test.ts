import type { Storage } from "@llm-backend/storage";
import { expect, it } from "vitest";
import { openServices } from "./open-services.ts";

/** Steps of a sweep that take longer than everything that is waited for beside them. */
async function workLong(storage: Storage): Promise<void> {
  for (let count = 0; count < 200; count++) await storage.users.countActive("admin");
}

it("ends the step of a sweep that is under way before it has drained, and begins no other", async () => {
  const told: string[] = [];
  await using opened = await openServices(
    {},
    {
      wrap: (storage) => ({
        ...storage,
        files: {
          ...storage.files,
          async tidy() {
            told.push("tidy");
          },
        },
        attachments: {
          ...storage.attachments,
          async listLeftovers(limit) {
            told.push("leftovers");
            await workLong(storage);
            return storage.attachments.listLeftovers(limit);
          },
          async deleteWaiting() {
            told.push("waiting");
            return 0;
          },
        },
        erasures: {
          ...storage.erasures,
          async listBegun() {
            told.push("begun");
            await workLong(storage);
            told.push("erased");
            return [1];
          },
          async finish() {
            told.push("finish");
          },
        },
        transaction: (work) =>
          storage.transaction((tx) => {
            told.push("transaction");
            return work(tx);
          }),
      }),
    },
  );
  await opened.backend.sweep();
  await opened.backend.drain(AbortSignal.abort());
  const toldBefore = [...told];
  await workLong(opened.storage);
  await workLong(opened.storage);
  expect(told).toEqual(toldBefore);
  expect(told).toContain("erased");
  expect(told).not.toContain("finish");
  expect(told).not.toContain("tidy");
  expect(opened.errors).toEqual([]);
  // Also none that comes too late.
  await opened.backend.sweep();
  expect(told).toEqual(toldBefore);
});
