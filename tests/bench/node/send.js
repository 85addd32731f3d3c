// The nodemailer contenders.
//
// node send.js raw|compose FOLDER PORT MESSAGES CONNECTIONS WARM_UP   sends; prints one JSON object
// node send.js specimen FOLDER INDEX                                  prints one composed message
//
// FOLDER holds what tests/bench/letter.py laid there: message.eml, letter.json, dkim.pem.
// The clock runs from before the first connection until the last message was answered, so that
// loading counts as little as it does for the others.  Before that, WARM_UP messages go over
// connections of their own, since V8 takes a while to see which code is worth compiling: in a
// short run, nodemailer would seem a third slower than it is in a long one.

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const nodemailer = require("nodemailer");

const [mode, folder, ...numbers] = process.argv.slice(2);
const [port, messages, connections, warmUp] = numbers.map(Number);
const read = (name) => fs.readFileSync(path.join(folder, name));

const letter = JSON.parse(read("letter.json"));
const dkim = { domainName: letter.domain, keySelector: letter.selector, privateKey: read("dkim.pem").toString() };

const escaped = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

// A text is a list: what stands at an even place is fixed, at an odd one the name of a value.
const filled = (parts, values) => parts.map((part, at) => (at % 2 ? values[part] : part)).join("");

function composed(index) {
  const edition = letter.editions[index % letter.editions.length];
  const firstName = `Réader${index}`;
  const token = `t${String(index).padStart(21, "0")}`;
  const values = {
    first_name: firstName,
    name: `${firstName} Ibáñez`,
    unsubscribe_url: `${letter.publicUrl}/u/${token}`,
    preferences_url: `${letter.publicUrl}/p/${token}`,
  };
  const inHtml = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, escaped(value)]));
  const mailbox = `mailto:${letter.replyTo}?subject=unsubscribe%20${token}`;
  return {
    envelope: { from: letter.bounces, to: [`r${index}@example.org`] },
    from: { name: edition.senderName, address: letter.from },
    to: { name: values.name, address: `r${index}@example.org` },
    replyTo: letter.replyTo,
    subject: edition.subject,
    messageId: `<${token}@${letter.domain}>`,
    text: filled(edition.text, values),
    html: filled(edition.html, inHtml),
    headers: {
      "List-Id": `<news.${letter.domain}>`,
      "List-Unsubscribe": { prepared: true, value: `<${values.unsubscribe_url}>,\r\n <${mailbox}>` },
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "Content-Language": edition.locale,
      "Auto-Submitted": "auto-generated",
    },
  };
}

async function specimen(index) {
  const transport = nodemailer.createTransport({ streamTransport: true, buffer: true, newline: "windows", dkim });
  process.stdout.write((await transport.sendMail(composed(index))).message);
}

function prebuilt() {
  const raw = read("message.eml");
  return (index) => ({ envelope: { from: letter.bounces, to: [`r${index}@example.org`] }, raw });
}

// Sends so many over a pool of its own.  Twice as many as there are connections are on their way to
// it, so that none waits: somewhat faster than feeding the pool when it says that it is idle.
function deliver(number) {
  const message = mode === "raw" ? prebuilt() : composed;
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port,
    ignoreTLS: true,
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
    ...(mode === "raw" ? {} : { dkim }),
  });
  return new Promise((resolve) => {
    let next = 0;
    let answered = 0;
    const one = () => {
      if (next < number) transport.sendMail(message(next++), done);
    };
    const done = (error) => {
      if (error) throw error;
      answered += 1;
      if (answered < number) return one();
      transport.close();
      resolve();
    };
    for (let waiting = 0; waiting < 2 * connections; waiting += 1) one();
  });
}

async function send() {
  if (warmUp) await deliver(warmUp);
  const seconds = () => Number(process.hrtime.bigint()) / 1e9;
  const before = process.cpuUsage();
  const started = seconds();
  await deliver(messages);
  const ended = seconds();
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ started, ended, cpu_s: (used.user + used.system) / 1e6 }));
}

if (mode === "specimen") specimen(port);
else send();
