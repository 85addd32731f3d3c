// What the published schema of SARIF 2.1.0 says of the report on standard input, as a JSON array of sentences.
//
//     node sarif.cjs NODE_MODULES < REPORT.sarif
const path = require("node:path");

const [modules] = process.argv.slice(2);
const home = path.join(modules, "@microsoft/jest-sarif");
const schema = require(path.join(home, "lib/schemas/sarif-2.1.0-rtm.5.json"));
const near = (name) => require(require.resolve(name, { paths: [home] }));
const Ajv = near("ajv");

const judge = new Ajv({ allErrors: true, jsonPointers: true, schemaId: "id" }); // the schema is one of draft 4
judge.addMetaSchema(near("ajv/lib/refs/json-schema-draft-04.json"));
const validate = judge.compile(schema);
validate(JSON.parse(require("node:fs").readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify((validate.errors ?? []).map((one) => `${one.dataPath} ${one.message}`)));
