import { describe, expect, it } from "vitest";
import { readText } from "./config-text.ts";

/** The file of the earlier backend, with its own values. */
const backendFile = `
server:
  port: ":8080"

redis:
  address: "localhost:6379"
  password: ""
  db: 0

sqlite:
  path: "./llm_backend.db"
  max_open_conns: 10
  max_idle_conns: 5
  conn_max_lifetime: 0
jwt:
  secret: "S3cureK3y#2024!AIsafety"

rag:
  service_addr: "localhost:50051"
`;

/** The file of the earlier gateway, with everything that it documents. */
const gatewayFile = `
address: ":8888"
hostname: router-1
authorization: woshimima,iampassword
timeout: 120
stream_timeout: 10
lb_policy: order
dbtype: sqlite
dbaddr: ./db.sqlite
# dbtype: postgres
# dbaddr: "host=127.0.0.1 port=5432 user=postgres dbname=openai_api_route sslmode=disable password=woshimima"

upstreams:
  - sk: hahaha
    endpoint: "https://localhost:8888/v1"
    allow:
      - /v1/audio/transcriptions
  - sk: "secret_key_1"
    endpoint: "https://api.openai.com/v2"
    timeout: 120
    stream_timeout: 5
    allow: ["gpt-4o", "gpt-4"]
    deny: ["gpt-4"]
  - sk: "secret_key_2"
    endpoint: "https://api.openai.com/v1"
    timeout: 30
    deny:
      - gpt-4
  - sk: "key_for_replicate"
    type: replicate
    allow: ["mistralai/mixtral-8x7b-instruct-v0.1"]
  - sk:
    endpoint: https://api.internal.local/v1
    authorization: guest
    allow:
      - gpt-3.5-turbo-0125
  - sk: asis
    endpoint: http://localhost:5000/v1/
    noauth: true
    keep_header: true
`;

const everyone = { tokens: [], isOpen: false };
const clocks = { first_byte_seconds: 10, whole_answer_seconds: 120 };

/** What becomes of its upstreams. */
const gatewayUpstreams = [
  {
    name: "localhost:8888",
    endpoint: "https://localhost:8888/v1",
    keys: ["hahaha"],
    models: ["/v1/audio/transcriptions"],
    aliases: {},
    access: everyone,
    clocks,
  },
  {
    name: "api.openai.com",
    endpoint: "https://api.openai.com/v2",
    keys: ["secret_key_1"],
    models: ["gpt-4o", "gpt-4"],
    deny: ["gpt-4"],
    aliases: {},
    access: everyone,
    clocks: { first_byte_seconds: 5, whole_answer_seconds: 120 },
  },
  {
    name: "api.openai.com-2",
    endpoint: "https://api.openai.com/v1",
    keys: ["secret_key_2"],
    models: [],
    deny: ["gpt-4"],
    aliases: {},
    access: everyone,
    clocks: { first_byte_seconds: 10, whole_answer_seconds: 30 },
  },
  {
    name: "api.internal.local",
    endpoint: "https://api.internal.local/v1",
    keys: [],
    models: ["gpt-3.5-turbo-0125"],
    aliases: {},
    access: { tokens: ["guest"], isOpen: false },
    clocks,
  },
  {
    name: "localhost:5000",
    endpoint: "http://localhost:5000/v1",
    keys: [],
    models: [],
    aliases: {},
    passAuthorization: true,
    keepHeaders: true,
    access: { tokens: [], isOpen: true },
    clocks,
  },
];

describe("the earlier backend's file", () => {
  it("is accepted as it is", () => {
    const { config, folder } = readText(backendFile);
    expect(config.listen).toEqual([{ host: undefined, port: 8080 }]);
    expect(config.data).toBe(`${folder}/data`);
    expect(config.database).toBe(`${folder}/data/llm-backend.db`);
    expect(config.find_upstreams).toBe(true);
  });

  it("says once what no longer means anything", () => {
    const paths = readText(backendFile).notices.map(({ path }) => path);
    expect(paths).toEqual([
      "jwt.secret",
      "server",
      "redis",
      "sqlite.path",
      "sqlite.max_open_conns",
      "sqlite.max_idle_conns",
      "sqlite.conn_max_lifetime",
      "rag.service_addr",
    ]);
  });

  it("never signs with the secret that was published in it", () => {
    const { config, notices } = readText(backendFile);
    expect(config.jwt.secret).toBeUndefined();
    expect(notices[0]).toMatchObject({ path: "jwt.secret", level: "warn" });
    expect(JSON.stringify(notices)).not.toContain("S3cureK3y");
  });

  it("keeps an operator's own secret, so that its tokens stay valid", () => {
    const own = "my0wn-S3cr3t.of_the_earlier";
    expect(readText(backendFile.replace("S3cureK3y#2024!AIsafety", own)).config.jwt.secret).toBe(own);
  });

  it.each([['"8080"'], ["8080"], ['":8080"']])("takes the port as %s", (port) => {
    const { config } = readText(backendFile.replace('":8080"', port));
    expect(config.listen).toEqual([{ host: undefined, port: 8080 }]);
  });

  it("keeps the new data where the old database was kept", () => {
    const { config } = readText(backendFile.replace("./llm_backend.db", "/var/lib/chat/llm_backend.db"));
    expect(config.database).toBe("/var/lib/chat/data/llm-backend.db");
    const named = readText(`data: /srv/data\n${backendFile}`);
    expect(named.config.data).toBe("/srv/data");
  });
});

describe("the earlier gateway's file", () => {
  it("is accepted as it is", () => {
    const { config, folder } = readText(gatewayFile);
    expect(config.listen).toEqual([{ host: undefined, port: 8888 }]);
    expect(config.data).toBe(`${folder}/data`);
    expect(config.find_upstreams).toBe(false);
    expect(config.access.tokens).toEqual(["woshimima", "iampassword"]);
    expect(config.access.isOpen).toBe(false);
    expect(config.gateway.policy).toBe("order");
    expect(config.records).toMatchObject({ isEnabled: true, hostname: "router-1" });
    expect(config.upstreams).toEqual(gatewayUpstreams);
  });

  it("says once what is different, and which upstreams are left out", () => {
    const { notices } = readText(gatewayFile);
    expect(notices.map(({ path, level }) => [path, level])).toEqual([
      ["address", "info"],
      ["dbtype", "info"],
      ["authorization", "info"],
      ["authorization", "warn"],
      ["upstreams[3]", "warn"],
      ["upstreams[4].authorization", "warn"],
      ["upstreams[5].sk", "info"],
    ]);
    for (const { message } of notices) expect(message).not.toMatch(/no effect|woshimima|guest/);
  });

  it("has its long limit for a single upstream, and the short one for several", () => {
    const clock = (text: string) =>
      readText(text).config.upstreams.map((upstream) => upstream.clocks.first_byte_seconds);
    const one = "upstreams: [{ endpoint: 'http://localhost:1' }]";
    const two =
      "upstreams: [{ endpoint: 'http://localhost:1', timeout: 7 }, { endpoint: 'http://localhost:2', stream_timeout: 3 }]";
    expect(clock(one)).toEqual([undefined]);
    expect(clock(`timeout: 90\nstream_timeout: 9\n${one}`)).toEqual([90]);
    expect(clock(`stream_timeout: 9\n${one}`)).toEqual([120]);
    expect(clock(`timeout: 90\nstream_timeout: 9\n${two}`)).toEqual([9, 3]);
    expect(clock(`timeout: 90\n${two}`)).toEqual([10, 3]);
    expect(clock(`timeout: 0\nstream_timeout: 0\n${one}`)).toEqual([120]);
  });

  it.each([
    "dbtype: sqlite",
    "dbaddr: ./db.sqlite",
    "timeout: 90",
    "upstreams: [{ endpoint: 'http://h', sk: k }, { endpoint: 'http://i' }]",
    "upstreams: [{ endpoint: 'http://h', allow: [m] }, { endpoint: 'http://i' }]",
    "upstreams: [{ endpoint: 'http://h', timeout: 60 }, { endpoint: 'http://i' }]",
  ])("has its own limits where it says nothing of them: %s", (text) => {
    const several = text.startsWith("upstreams")
      ? text
      : `${text}\nupstreams: [{ endpoint: 'http://h' }, { endpoint: 'http://i' }]`;
    const clock = (given: string) =>
      readText(given).config.upstreams.map((upstream) => upstream.clocks.first_byte_seconds);
    expect(clock(several)).toEqual([10, 10]);
    expect(clock(`clocks: { idle_seconds: 5 }\n${several}`)).toEqual([undefined, undefined]);
  });

  it.each(["authorization: t", "lb_policy: random", "hostname: h"])(
    "is not taken for one because of a word that files of this system have too: %s",
    (text) => {
      const { config } = readText(
        `${text}\nupstreams: [{ endpoint: 'http://h', key: k }, { endpoint: 'http://i', deny: [m] }]`,
      );
      expect(config.upstreams.map((upstream) => upstream.clocks)).toEqual([{}, {}]);
      expect(config.listen).toEqual([{ host: "127.0.0.1", port: 8080 }]);
    },
  );

  it("listens where that gateway did, unless it or anything stronger says another place", () => {
    const listen = (text: string, sources = {}) => readText(text, sources).config.listen;
    expect(listen("dbtype: sqlite")).toEqual([{ host: undefined, port: 8888 }]);
    expect(listen("upstreams: [{ endpoint: 'http://h', allow: [m] }]")).toEqual([
      { host: undefined, port: 8888 },
    ]);
    expect(listen("upstreams: [{ endpoint: 'http://h', sk: k }]")).toEqual([
      { host: "127.0.0.1", port: 8080 },
    ]);
    const given = { host: "127.0.0.1", port: 9 };
    expect(listen("dbtype: sqlite\naddress: '127.0.0.1:9'")).toEqual([given]);
    expect(listen("dbtype: sqlite\nserver: { host: 127.0.0.1, port: 9 }")).toEqual([given]);
    expect(listen("dbtype: sqlite", { flags: { addr: "127.0.0.1:9" } })).toEqual([given]);
    expect(listen("dbtype: sqlite", { settings: { LLM_BACKEND_ADDR: "127.0.0.1:9" } })).toEqual([given]);
  });

  it("has its limit for answers in one piece, whatever the number of upstreams", () => {
    const clock = (text: string) =>
      readText(text).config.upstreams.map((upstream) => upstream.clocks.whole_answer_seconds);
    const two =
      "upstreams: [{ endpoint: 'http://localhost:1', timeout: 7 }, { endpoint: 'http://localhost:2' }]";
    expect(clock("upstreams: [{ endpoint: 'http://localhost:1' }]")).toEqual([undefined]);
    expect(clock(two)).toEqual([7, 120]);
    expect(clock(`timeout: 90\nstream_timeout: 9\n${two}`)).toEqual([7, 90]);
    expect(
      clock("timeout: 9\nupstreams: [{ endpoint: 'http://h', clocks: { whole_answer_seconds: 8 } }]"),
    ).toEqual([8]);
  });

  it("keeps the callers of an upstream apart from all others", () => {
    const text = (own: string) =>
      `authorization: a, b,,a\nupstreams: [{ endpoint: 'http://localhost:1', ${own} }]`;
    const read = (own: string) => readText(text(own)).config;
    expect(read("authorization: ''").access.tokens).toEqual(["a", "b"]);
    expect(read("authorization: ' c , a'").upstreams[0]?.access).toEqual({
      tokens: ["c", "a"],
      isOpen: false,
    });
    expect(read("authorization: ''").upstreams[0]?.access).toEqual({ tokens: [], isOpen: false });
    expect(read("noauth: true").upstreams[0]?.access).toEqual({ tokens: [], isOpen: true });
  });

  it.each(["main", "order", "random", "random_available", "round_robin", "round_robin_available"])(
    "may have the policy %s",
    (policy) => {
      const { config, notices } = readText(`lb_policy: ${policy}`);
      expect([config.gateway.policy, notices]).toEqual([policy, []]);
    },
  );

  it.each(["postgres", "none"])("says what became of its records: dbtype %s", (dbtype) => {
    const { config, notices, folder } = readText(
      `dbtype: ${dbtype}\ndbaddr: "host=db password=hunter22 dbname=x"`,
    );
    expect(config.data).toBe(`${folder}/data`);
    expect(notices.map(({ path }) => path)).toEqual(["address", "address", "dbtype"]);
    expect(JSON.stringify(notices)).not.toContain("hunter22");
    expect(config.records.isEnabled).toBe(dbtype === "postgres");
  });

  it("keeps records although dbtype says none, if it is told so", () => {
    expect(readText("dbtype: none\nrecords: { enabled: true }").config.records.isEnabled).toBe(true);
    expect(readText("records: { enabled: false }").config.records.isEnabled).toBe(false);
  });
});
