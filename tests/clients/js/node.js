// node node.js URL [sliding]: a person in Node, driven by lines of JSON on stdin.
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";

globalThis.crypto ??= webcrypto; // Node 18 has none
// stdout is for answers; what is loaded from here on keeps the console that it finds.
console.log = console.info = console.debug = console.trace = () => undefined;
const { act } = await import("./person.js");

const [server, how] = process.argv.slice(2);
const person = { server, sliding: how === "sliding" };
for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await act(person, JSON.parse(line)))}\n`);
}
process.exit();
