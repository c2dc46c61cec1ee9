import type { FrameReader } from "./frame-reader.ts";
import type { FrameTemplate } from "./frame-template.ts";
import { isLesson, learnTemplate, type Lesson } from "./template-learner.ts";
import type { TextStore } from "./text-store.ts";

/** A stream has one for its reasoning, one for its text, one for its tool calls. */
const templatesMax = 4;
/** Frames with something new in each teach nothing: after some of them nothing more is tried. */
const lessonsMax = 16;

/** Where what templates read is told. */
export type TemplateSetInput = {
  readonly frames: Pick<FrameReader, "count">;
  readonly text: Pick<TextStore, "addRaw">;
  readonly reasoning: Pick<TextStore, "addRaw">;
  /** Longer frames are none of a template's. */
  readonly frameBytesMax: number;
};

/** The templates of one stream. */
export class TemplateSet {
  readonly #input: TemplateSetInput;
  readonly #templates: FrameTemplate[] = [];
  #last: FrameTemplate | undefined;
  #lessons = 0;

  constructor(input: TemplateSetInput) {
    this.#input = input;
  }

  /** The end of the frame that begins here, when a template takes it; what it says has been told then. Else -1. */
  match(bytes: Buffer, view: DataView, at: number): number {
    const last = this.#last;
    if (last === undefined) return -1;
    const end = last.match(bytes, view, at);
    if (end === -1) return this.#matchOther(bytes, view, at);
    return end - at > this.#input.frameBytesMax ? -1 : this.#tell(last, bytes, end);
  }

  learn(lesson: Lesson): void {
    if (this.#lessons >= lessonsMax || !isLesson(lesson)) return;
    this.#lessons++;
    const learned = learnTemplate(lesson);
    if (learned === undefined) return;
    if (this.#templates.length === templatesMax) this.#templates.shift();
    this.#templates.push(learned);
    this.#last = learned;
  }

  #matchOther(bytes: Buffer, view: DataView, at: number): number {
    for (const template of this.#templates) {
      if (template === this.#last) continue;
      const end = template.match(bytes, view, at);
      if (end === -1 || end - at > this.#input.frameBytesMax) continue;
      this.#last = template;
      return this.#tell(template, bytes, end);
    }
    return -1;
  }

  #tell(template: FrameTemplate, bytes: Buffer, end: number): number {
    const { frames, text, reasoning } = this.#input;
    const { field, chars } = template;
    frames.count(chars, field !== "toolText");
    if (field === "text") text.addRaw(bytes, template);
    else if (field === "reasoning") reasoning.addRaw(bytes, template);
    return end;
  }
}
