// What html-validate, caniemail, mjml and mailparser make of every mail of a folder, as one JSON object.
//
//     node judge.mjs FOLDER STOCK.mjml     FOLDER holds x.html, x.mjml and x.eml for every mail x
import fs from "node:fs";
import path from "node:path";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(path.join(process.env.JUDGES, "package.json"));
const load = async (name) => {
  const found = await import(require.resolve(name));
  return found.default ?? found;
};
const { caniemail } = require("caniemail");
const { HtmlValidate, StaticConfigLoader } = require("html-validate");
const { simpleParser } = require("mailparser");
const mjml2html = await load("mjml");

// The four families of programs that most readers use; by caniemail's names.
const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*", "yahoo.*"];
const validator = new HtmlValidate(new StaticConfigLoader({ extends: ["html-validate:a11y"], elements: ["html5"] }));

async function access(html) {
  const report = await validator.validateString(html);
  return report.results.flatMap((result) => result.messages.map((one) => `${one.ruleId}: ${one.message}`));
}

function unsupported(html) {
  const { issues } = caniemail({ clients: CLIENTS, html });
  const found = new Set();
  for (const kind of ["errors", "warnings"]) {
    for (const [client, list] of issues[kind]) for (const one of list) found.add(`${one.title} | ${kind} | ${client}`);
  }
  return [...found].sort();
}

function compile(mjml, level) {
  const { html, errors } = mjml2html(mjml, { validationLevel: level });
  return { html, errors: errors.map((one) => one.formattedMessage) };
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const plain = (text) => text.replace(/\r\n/g, "\n").replace(/\n+$/, "");

async function parse(source) {
  const mail = await simpleParser(source, { skipImageLinks: true, skipHtmlToText: true, skipTextToHtml: true });
  return {
    subject: mail.subject,
    from: [mail.from.value[0].name, mail.from.value[0].address],
    to: mail.to.value[0].address,
    id: mail.messageId,
    date: mail.date.toISOString().slice(0, 19),
    parts: [
      ["text/plain", digest(plain(mail.text))],
      ["text/html", digest(plain(mail.html))],
      ...mail.attachments.map((part) => [part.contentType, digest(part.content)]),
    ],
  };
}

const [folder, stock] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const mails = {};
for (const name of fs.readdirSync(folder).filter((file) => file.endsWith(".eml")).map((file) => file.slice(0, -4))) {
  const html = read(`${name}.html`);
  mails[name] = {
    access: await access(html),
    unsupported: unsupported(html),
    mjml: compile(read(`${name}.mjml`), "soft"),
    parsed: await parse(fs.readFileSync(path.join(folder, `${name}.eml`))),
  };
}
const plainly = compile(fs.readFileSync(stock, "utf8"), "strict").html;
const baseline = { access: await access(plainly), unsupported: unsupported(plainly), html: plainly };
process.stdout.write(JSON.stringify({ mails, baseline }));
