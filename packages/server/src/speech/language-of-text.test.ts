import { expect, it } from "vitest";
import { findLanguage } from "./language-of-text.ts";

it.each([
  ["Hello, how are you today?", "en"],
  ["你好，今天天气怎么样？", "zh"],
  ["我们用 Python 和 JavaScript 写代码。", "zh"],
  ["The word 你好 is a greeting in the language of China.", "en"],
  ["こんにちは、世界です。", "ja"],
  ["안녕하세요, 반갑습니다.", "ko"],
  ["Привет, как дела?", "ru"],
  ["مرحبا بالعالم", "ar"],
  ["Das ist nicht der Weg, den ich nehmen werde.", "de"],
  ["Je ne sais pas ce que vous voulez dire.", "fr"],
  ["El perro y los gatos están en la casa.", "es"],
  ["Microsoft", "en"],
  ["3.14", "en"],
])("tells the language of %j", (text, language) => {
  expect(findLanguage(text, "en")).toBe(language);
});

it("expects the language of the sentences before", () => {
  expect(findLanguage("Berlin!", "de")).toBe("de");
  expect(findLanguage("What is the time, and what is it in Berlin?", "de")).toBe("en");
});
