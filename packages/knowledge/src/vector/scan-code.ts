/**
 * The inner loop of a search by vectors, as WebAssembly, because JavaScript has no instructions that multiply eight numbers
 * at once. Written out byte by byte, so that nothing but this file is needed to build it. In JavaScript it would read:
 *
 *     function scan(query, list, count, scores, bytes) {
 *       for (const end = list + count * 4; list !== end; list += 4, scores += 4) {
 *         const row = int32At(list);
 *         let sum = 0;
 *         for (let at = 0; at !== bytes; at++) sum += int8At(row + 16 + at) * int16At(query + at * 2);
 *         setFloat32At(scores, sum * float32At(row));
 *       }
 *     }
 *
 * A row is its scale (and 12 bytes that make it start at a multiple of 16), and then one byte for each number, filled up with
 * zeros to a multiple of 16; the query has two bytes for each.
 */

const i32 = 0x7f;
const v128 = 0x7b;

// Parameters and variables, by number.
const query = 0;
const list = 1;
const count = 2;
const scores = 3;
const bytes = 4;
const end = 5;
const row = 6;
const at = 7;
const other = 8;
const sum = 9;
const packed = 10;

const get = (variable: number) => [0x20, variable];
const set = (variable: number) => [0x21, variable];
const tee = (variable: number) => [0x22, variable];
const constant = (value: number) => [0x41, value];
const add = [0x6a];
const shiftLeft = [0x74];
const notEqual = [0x47];
const whileTrue = (depth: number) => [0x0d, depth];
const loop = (body: readonly number[]) => [0x03, 0x40, ...body, 0x0b];
const loadInt = [0x28, 2, 0];
const loadFloat = [0x2a, 2, 0];
const storeFloat = [0x38, 2, 0];
const loadVector = (offset: number) => [0xfd, 0x00, 4, offset];
const zeroVector = [0xfd, 0x0c, ...Array<number>(16).fill(0)];
const widenLow = [0xfd, 0x87, 0x01];
const widenHigh = [0xfd, 0x88, 0x01];
const multiplyPairs = [0xfd, 0xba, 0x01];
const addVectors = [0xfd, 0xae, 0x01];
const lane = (index: number) => [0xfd, 0x1b, index];
const toFloat = [0xb2];
const multiplyFloats = [0x94];

/** Instructions one behind the other. */
const code = (...instructions: (readonly number[])[]) => instructions.flat();
const step = (variable: number, by: number) => code(get(variable), constant(by), add, set(variable));
const stepUntil = (variable: number, by: number, last: number) =>
  code(get(variable), constant(by), add, tee(variable), get(last), notEqual, whileTrue(0));

const loadPacked = code(get(row), get(at), add, loadVector(16), tee(packed));
const multiplyLow = code(widenLow, get(other), loadVector(0), multiplyPairs, addVectors);
const multiplyHigh = code(get(packed), widenHigh, get(other), loadVector(16), multiplyPairs, addVectors);
const addSixteen = code(
  code(get(sum), loadPacked, multiplyLow, multiplyHigh, set(sum)),
  code(step(other, 32), stepUntil(at, 16, bytes)),
);

const startRow = code(
  get(list),
  loadInt,
  set(row),
  zeroVector,
  set(sum),
  constant(0),
  set(at),
  get(query),
  set(other),
);
const addLanes = code(
  code(get(sum), lane(0), get(sum), lane(1), add),
  code(get(sum), lane(2), add, get(sum), lane(3), add),
);
const storeScore = code(get(scores), addLanes, toFloat, get(row), loadFloat, multiplyFloats, storeFloat);
const scoreRow = code(startRow, loop(addSixteen), storeScore, step(scores, 4), stepUntil(list, 4, end));

// Four more numbers, and then two vectors.
const variables = [2, 4, i32, 2, v128];
const findEnd = code(get(list), get(count), constant(2), shiftLeft, add, set(end));
const body = code(variables, findEnd, loop(scoreRow), [0x0b]);

const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, content: readonly number[]) => [id, ...toSize(content.length), ...content];

/** A size in seven bits a byte, the lowest first. */
function toSize(size: number): number[] {
  return size < 0x80 ? [size] : [(size & 0x7f) | 0x80, ...toSize(size >>> 7)];
}

/** The module: it imports `env.memory`, and exports `scan`, which must not be called without rows or without numbers. */
export const scanCode = Uint8Array.from(
  code(
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, [1, 0x60, 5, i32, i32, i32, i32, i32, 0]),
    section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
    section(3, [1, 0]),
    section(7, [1, ...text("scan"), 0, 0]),
    section(10, [1, ...toSize(body.length), ...body]),
  ),
);
