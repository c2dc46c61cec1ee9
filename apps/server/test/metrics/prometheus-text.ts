/** One line of Prometheus' text format. */
export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

/** All samples of a text, with the types of their metrics. */
export type ParsedMetrics = {
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
  /** The value of the one sample with this name and these labels; undefined where there is none. */
  find(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
};

const linePattern = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const labelPattern = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)"(?:,|$)/y;

/**
 * Reads Prometheus' text format, strictly: every line must be understood, every sample belong to a metric with a type,
 * and no sample stand twice.
 */
export function parsePrometheus(text: string): ParsedMetrics {
  if (!text.endsWith("\n")) throw new SyntaxError("The text does not end with a line feed.");
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type?.[1] !== undefined && type[2] !== undefined) {
      if (types.has(type[1])) throw new SyntaxError(`${type[1]} has two types.`);
      types.set(type[1], type[2]);
    }
    if (line === "" || line.startsWith("#")) continue;
    const sample = parseSample(line);
    const metric = types.has(sample.name) ? sample.name : sample.name.replace(/_(bucket|sum|count)$/, "");
    if (!types.has(metric)) throw new SyntaxError(`${sample.name} has no type.`);
    const identity = `${sample.name} ${JSON.stringify(
      sample.labels,
      Object.keys(sample.labels).toSorted((a, b) => a.localeCompare(b)),
    )}`;
    if (seen.has(identity)) throw new SyntaxError(`${identity} stands twice.`);
    seen.add(identity);
    samples.push(sample);
  }
  return { types, samples, find: (name, labels = {}) => findValue(samples, name, labels) };
}

function parseSample(line: string): Sample {
  const match = linePattern.exec(line);
  if (match?.[1] === undefined) throw new SyntaxError(`This is no sample: ${line}`);
  return { name: match[1], labels: parseLabels(match[2] ?? ""), value: parseValue(match[3] ?? "") };
}

function parseValue(text: string): number {
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinity = { "+Inf": Infinity, "-Inf": -Infinity }[text];
  const value = infinity ?? Number(text);
  if (Number.isNaN(value)) throw new SyntaxError(`This is no number: ${text}`);
  return value;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let position = 0;
  while (position < text.length) {
    labelPattern.lastIndex = position;
    const match = labelPattern.exec(text);
    if (match?.[1] === undefined) throw new SyntaxError(`These are no labels: ${text}`);
    labels[match[1]] = (match[2] ?? "").replaceAll(/\\(.)/g, (_, escaped: string) =>
      escaped === "n" ? "\n" : escaped,
    );
    position = labelPattern.lastIndex;
  }
  return labels;
}

function findValue(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const wanted = Object.entries(labels);
  return samples.find(
    (sample) =>
      sample.name === name &&
      wanted.length === Object.keys(sample.labels).length &&
      wanted.every(([label, value]) => sample.labels[label] === value),
  )?.value;
}
