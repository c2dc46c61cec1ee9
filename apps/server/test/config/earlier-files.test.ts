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
    expect(config.upstreams).toEqual([
      {
        name: "localhost:8888",
        endpoint: "https://localhost:8888/v1",
        key: "hahaha",
        models: ["/v1/audio/transcriptions"],
        aliases: {},
        clocks: { first_byte_seconds: 10 },
      },
      {
        name: "api.openai.com",
        endpoint: "https://api.openai.com/v2",
        key: "secret_key_1",
        models: ["gpt-4o"],
        aliases: {},
        clocks: { first_byte_seconds: 5 },
      },
      {
        name: "api.openai.com-2",
        endpoint: "https://api.openai.com/v1",
        key: "secret_key_2",
        models: [],
        aliases: {},
        clocks: { first_byte_seconds: 10 },
      },
      {
        name: "localhost:5000",
        endpoint: "http://localhost:5000/v1",
        key: undefined,
        models: [],
        aliases: {},
        clocks: { first_byte_seconds: 10 },
      },
    ]);
  });

  it("says once what has no effect, and which upstreams are left out", () => {
    const paths = readText(gatewayFile).notices.map(({ path }) => path);
    expect(paths).toEqual([
      "address",
      "dbtype",
      "hostname",
      "authorization",
      "timeout",
      "upstreams[2].deny",
      "upstreams[3]",
      "upstreams[4]",
      "upstreams[5].sk",
      "upstreams[5].keep_header",
      "upstreams[5].noauth",
    ]);
  });

  it("has its long limit for a single upstream, and the short one for several", () => {
    const clock = (text: string) =>
      readText(text).config.upstreams.map(({ clocks }) => clocks.first_byte_seconds);
    const one = "upstreams: [{ endpoint: 'http://localhost:1' }]";
    const two =
      "upstreams: [{ endpoint: 'http://localhost:1', timeout: 7 }, { endpoint: 'http://localhost:2', stream_timeout: 3 }]";
    expect(clock(one)).toEqual([undefined]);
    expect(clock(`timeout: 90\nstream_timeout: 9\n${one}`)).toEqual([90]);
    expect(clock(`stream_timeout: 9\n${one}`)).toEqual([120]);
    expect(clock(`timeout: 90\nstream_timeout: 9\n${two}`)).toEqual([9, 3]);
    expect(clock(`timeout: 90\n${two}`)).toEqual([undefined, 3]);
    expect(clock(`timeout: 0\nstream_timeout: 0\n${one}`)).toEqual([undefined]);
  });

  it("uses an upstream that all callers' tokens open", () => {
    const text = (own: string) =>
      `authorization: a,b\nupstreams: [{ endpoint: 'http://localhost:1', authorization: '${own}' }]`;
    const count = (own: string) => readText(text(own)).config.upstreams.length;
    expect(["b,a", "a, b, c", ""].map(count)).toEqual([1, 1, 1]);
    expect(["a", "c"].map(count)).toEqual([0, 0]);
    expect(readText(text("a")).config.find_upstreams).toBe(false);
  });

  it.each(["postgres", "none"])("does without the records of dbtype %s", (dbtype) => {
    const { config, notices, folder } = readText(
      `dbtype: ${dbtype}\ndbaddr: "host=db password=hunter22 dbname=x"`,
    );
    expect(config.data).toBe(`${folder}/data`);
    expect(notices.map(({ path }) => path)).toEqual(["address", "dbtype"]);
    expect(JSON.stringify(notices)).not.toContain("hunter22");
  });
});
