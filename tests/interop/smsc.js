// An SMSC on the npm package smpp: written by others, in another language, so that it shares none of our mistakes.
// Driven by node_smpp.py: a line of JSON on standard output for whatever comes, a line on standard input for what it is to do.
// Its first argument, JSON: {"throttle_every": N} throttles the first try of each so many-th submit_sm.
"use strict";

const readline = require("readline");
const smpp = require("smpp");

const plan = JSON.parse(process.argv[2] || "{}");
const RECEIPT_AFTER_MS = 20;
const FIRST_ID = 0x6f00000a;
const tried = new Set();
const bound = [];
let submitted = 0;

const tell = (event, fields) => console.log(JSON.stringify({ event, ...fields }));

const hex = (id) => id.toString(16).toUpperCase();
const words = (id) => `id:${String(id).padStart(12, "0")} sub:001 dlvrd:001 submit date:2611200900 done date:2611200901 ` +
  "stat:DELIVRD err:000 text:";

// Three SMSCs in one: parameters beside a text, parameters alone, a text alone in message_payload.
const receipts = [
  (id) => ({ short_message: words(id), receipted_message_id: id.toString(16), message_state: 2 }),
  (id) => ({ short_message: "", receipted_message_id: id.toString(16), message_state: 2 }),
  (id) => ({ message_payload: words(id) }),
];

function report(session, pdu, id) {
  session.deliver_sm({
    source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, ...receipts[id % receipts.length](id),
  }, (answer) => tell("receipt_answered", { status: answer.command_status, number: pdu.destination_addr }));
}

function submit(session, pdu) {
  const key = pdu.destination_addr + JSON.stringify(pdu.short_message);
  submitted += 1;
  if (plan.throttle_every && submitted % plan.throttle_every === 0 && !tried.has(key)) {
    tried.add(key);
    tell("throttled", { number: pdu.destination_addr });
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    return;
  }
  const id = FIRST_ID + submitted;
  const { message, udh } = pdu.short_message;
  tell("submit_sm", {
    number: pdu.destination_addr, sender: pdu.source_addr, sender_ton: pdu.source_addr_ton, data_coding: pdu.data_coding,
    registered_delivery: pdu.registered_delivery, text: message, udh: udh ? udh.map((one) => one.toString("hex")) : [],
  });
  session.send(pdu.response({ message_id: hex(id) }));
  setTimeout(() => report(session, pdu, id), RECEIPT_AFTER_MS);
}

const server = smpp.createServer((session) => {
  session.on("bind_transceiver", (pdu) => {
    const known = pdu.system_id === "ricochet" && pdu.password === "secret";
    tell("bind_transceiver", { known, version: pdu.interface_version });
    session.send(pdu.response(known ? { system_id: "node" } : { command_status: smpp.ESME_RINVPASWD }));
    if (known) bound.push(session);
  });
  session.on("submit_sm", (pdu) => submit(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    tell("unbind", {});
    session.send(pdu.response(), () => session.close());
  });
  session.on("error", (error) => tell("error", { what: String(error) }));
});

const orders = {
  deliver(fields) {
    if (fields.udh) fields.short_message = { udh: Buffer.from(fields.udh, "hex"), message: fields.short_message };
    delete fields.udh;
    bound[bound.length - 1].deliver_sm(fields, (answer) => tell("delivered", { status: answer.command_status }));
  },
  enquire() {
    bound[bound.length - 1].enquire_link({}, (answer) => tell("alive", { status: answer.command_status }));
  },
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { order, ...fields } = JSON.parse(line);
  orders[order](fields);
}).on("close", () => process.exit(0));

server.listen(0, "127.0.0.1", () => tell("listening", { port: server.address().port }));
