// Evaluates expressions with npm's jsonata. Each line in is {"expr", "input"}, input left out for none; each line out
// is one of {"value": JSON text}, {"nothing": true}, {"code", "position", "message"} and {"crash": what JavaScript said}.
//
// JSON has no word for some values: functions are written as "", and -0, Infinity and NaN as "#-0" and so on.

import { createInterface } from 'node:readline';
import jsonata from 'jsonata';

const limits = { timeout: 1000, stack: 1500, sequence: 100000 };

// A grouping of an empty array puts nothing into it: the reference changes what it is given. That is noted.
let filled = false;
const { push } = Array.prototype;
Array.prototype.push = function (...items) {
  filled ||= this.length === 0 && !this.sequence && items.length === 1 && items[0] === undefined;
  return push.apply(this, items);
};

// told replaces what JSON cannot tell.
function told(_, value) {
  if (typeof value === 'function' || value?._jsonata_lambda === true || value?._jsonata_function === true) {
    return '';
  }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return Object.is(value, -0) ? '#-0' : `#${value}`;
  }
  return value;
}

async function evaluate({ expr, input }) {
  try {
    const text = JSON.stringify(await jsonata(expr, limits).evaluate(input), told);
    return text === undefined ? { nothing: true } : { value: text };
  } catch (err) {
    return /^[A-Z]\d{4}$/.test(err?.code) ? { code: err.code, position: err.position, message: err.message } : { crash: String(err?.message ?? err) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  filled = false;
  const outcome = await evaluate(JSON.parse(line));
  process.stdout.write(JSON.stringify({ ...outcome, filled }) + '\n');
}
