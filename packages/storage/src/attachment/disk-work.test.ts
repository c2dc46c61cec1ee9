import { DomainError } from "@llm-backend/contract";
import { expect, it } from "vitest";
import { onDisk } from "./disk-work.ts";

const failing = (code: string) => onDisk(Promise.reject(Object.assign(new Error(code), { code })));

it.each(["ENOSPC", "EDQUOT", "EIO", "EROFS"])(
  "blames the disk for %s, so that callers try again",
  async (code) => {
    const error: unknown = await failing(code).catch((caught: unknown) => caught);
    expect(DomainError.is(error) && error.code).toBe("storage_unavailable");
  },
);

it("leaves every other failure, and every result, as it is", async () => {
  await expect(failing("EACCES")).rejects.toThrow("EACCES");
  expect(await onDisk(Promise.resolve(5))).toBe(5);
});
