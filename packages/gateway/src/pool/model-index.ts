import { toGroups, type CandidateGroup } from "./candidate-group.ts";
import type { Member } from "./member.ts";

/** The candidates for one model. */
export type Candidates = { readonly groups: readonly CandidateGroup[]; readonly count: number };

const cachedMax = 256;

/**
 * Knows who serves a model without asking everybody: names are looked up, only upstreams that serve unnamed models are
 * asked, and the result is kept for the models of late. One list of upstreams has one index.
 */
export class ModelIndex {
  readonly #members: readonly Member[];
  readonly #byName = new Map<string, number[]>();
  /** Positions of those that serve models which they do not name. */
  readonly #open: number[] = [];
  // A Map remembers the order of insertion: the first one is the one that was used longest ago.
  readonly #cached = new Map<string, Candidates>();

  constructor(members: readonly Member[]) {
    this.#members = members;
    for (const [position, { prepared }] of members.entries()) {
      if (prepared.servesUnnamed) this.#open.push(position);
      else for (const name of prepared.modelNames) this.#add(name, position);
    }
  }

  /** For how many models the result is kept just now. */
  get kept(): number {
    return this.#cached.size;
  }

  find(model: string): Candidates {
    const known = this.#cached.get(model);
    if (known !== undefined) this.#cached.delete(model);
    else this.#makeRoom();
    const candidates = known ?? this.#toCandidates(model);
    this.#cached.set(model, candidates);
    return candidates;
  }

  #add(name: string, position: number): void {
    const positions = this.#byName.get(name);
    if (positions === undefined) this.#byName.set(name, [position]);
    else positions.push(position);
  }

  #makeRoom(): void {
    const [oldest] = this.#cached.keys();
    if (this.#cached.size >= cachedMax && oldest !== undefined) this.#cached.delete(oldest);
  }

  /** Everybody who serves a model, as listed; not kept. */
  search(model: string): Member[] {
    const positions = [...(this.#byName.get(model) ?? []), ...this.#open].toSorted((a, b) => a - b);
    return positions.flatMap((position) => {
      const member = this.#members[position];
      return member?.prepared.findModel(model) === undefined ? [] : [member];
    });
  }

  #toCandidates(model: string): Candidates {
    const members = this.search(model);
    return { groups: toGroups(members), count: members.length };
  }
}
