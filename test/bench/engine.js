// Runs SQL in DuckDB or ClickHouse for Engine.pm.
//
//	node engine.js duckdb|clickhouse FOLDER DATABASE
//
// FOLDER has the packages.  Each line of the input is a request, {"sql": ...},
// each line of the output that begins with {"id" its answer: the rows as text in
// psql's unaligned format, or an error, and the CPU time of all threads between
// execution and the last row.  Wall time is taken there, too: what the driver
// itself costs is not the engine's.
'use strict';

const { createRequire } = require('module');
const readline = require('readline');

const [kind, folder, database] = process.argv.slice(2);
const load = createRequire(folder + '/package.json');

async function duckdb() {
  const { DuckDBInstance } = load('@duckdb/node-api');
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();

  await connection.run("SET TimeZone = 'UTC'");
  return async (sql) => {
    const reader = await connection.runAndReadAll(sql);
    return () => reader.getRows().map((row) => row.map(String).join('|')).join('\n');
  };
}

function clickhouse() {
  const { Session } = load('chdb');
  const session = new Session(database);

  return async (sql) => {
    const text = session.query(sql, 'TabSeparated');
    return () => String(text).trimEnd().replaceAll('\t', '|');
  };
}

async function main() {
  const execute = kind === 'duckdb' ? await duckdb() : clickhouse();
  let id = 0;

  console.log(JSON.stringify({ id }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = { id: ++id };

    try {
      const before = process.cpuUsage();
      const start = process.hrtime.bigint();
      const text = await execute(JSON.parse(line).sql);
      const used = process.cpuUsage(before);

      answer.wall = Number(process.hrtime.bigint() - start) / 1e6;
      answer.cpu = (used.user + used.system) / 1e3;
      answer.result = text();
    } catch (error) {
      answer.error = String(error.message || error);
    }
    console.log(JSON.stringify(answer));
  }
  process.exit(0);
}

main().catch((error) => {
  console.log(JSON.stringify({ id: 0, error: String(error.message || error) }));
  process.exit(1);
});
