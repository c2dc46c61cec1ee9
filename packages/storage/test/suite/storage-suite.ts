import { describe } from "vitest";
import { testBranches } from "./branch-suite.ts";
import { testBudgets } from "./budget-suite.ts";
import { testTemporaryClaims } from "./claim-suite.ts";
import { testConversations } from "./conversation-suite.ts";
import { testKeys } from "./key-suite.ts";
import { testBases } from "./knowledge-base-suite.ts";
import { testDocuments } from "./knowledge-document-suite.ts";
import { testKnowledgeJobs } from "./knowledge-job-suite.ts";
import { testLedger } from "./ledger-suite.ts";
import { testMessages } from "./message-suite.ts";
import type { OpenDatabase } from "./open-database.ts";
import { testPassages } from "./passage-suite.ts";
import { testPrices } from "./price-suite.ts";
import { testRecords } from "./record-suite.ts";
import { testRuns } from "./run-suite.ts";
import { testSearch } from "./search-suite.ts";
import { testSessions } from "./session-suite.ts";
import { testSettings } from "./setting-suite.ts";
import { testShelf } from "./shelf-suite.ts";
import { testTransactions } from "./transaction-suite.ts";
import { testUpstreams } from "./upstream-suite.ts";
import { testUsers } from "./user-suite.ts";
import { testValues } from "./value-suite.ts";
import { testVoiceMemories } from "./voice-memory-suite.ts";

/** What every database guarantees, whatever its dialect. */
export function describeStorage(name: string, open: OpenDatabase): void {
  describe(`storage on ${name}`, () => {
    describe("users", () => {
      testUsers(open);
    });
    describe("sessions", () => {
      testSessions(open);
    });
    describe("conversations", () => {
      testConversations(open);
    });
    describe("messages", () => {
      testMessages(open);
    });
    describe("branches", () => {
      testBranches(open);
    });
    describe("runs", () => {
      testRuns(open);
    });
    describe("records", () => {
      testRecords(open);
    });
    describe("claims of what is stored nowhere", () => {
      testTemporaryClaims(open);
    });
    describe("what voice engines' conversations leave", () => {
      testVoiceMemories(open);
    });
    describe("the shelf", () => {
      testShelf(open);
    });
    describe("search", () => {
      testSearch(open);
    });
    describe("upstreams", () => {
      testUpstreams(open);
    });
    describe("settings", () => {
      testSettings(open);
    });
    describe("keys", () => {
      testKeys(open);
    });
    describe("budgets", () => {
      testBudgets(open);
    });
    describe("prices", () => {
      testPrices(open);
    });
    describe("ledger", () => {
      testLedger(open);
    });
    describe("knowledge bases", () => {
      testBases(open);
    });
    describe("documents", () => {
      testDocuments(open);
    });
    describe("passages", () => {
      testPassages(open);
    });
    describe("jobs of knowledge bases", () => {
      testKnowledgeJobs(open);
    });
    describe("transactions", () => {
      testTransactions(open);
    });
    describe("values", () => {
      testValues(open);
    });
  });
}
