// Measures the reference implementation of JSONata in a process of its own, by
// its CPU time. The arguments are what to do and where to look for the package.
//
//   version   prints the version of the package
//   serve     reads a question, {expression, input, compile}, and prints its result; then for each number
//             that it reads does the work as often and prints the microseconds that it took
const [what, ...folders] = process.argv.slice(1);
const jsonata = require(require.resolve('jsonata', { paths: folders }));

async function serve() {
  let work;
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    if (!work) {
      const { expression, input, compile } = JSON.parse(line);
      const compiled = jsonata(expression);
      work = compile ? () => jsonata(expression) : () => compiled.evaluate(input);
      console.log(JSON.stringify((compile ? null : await work()) ?? null));
      continue;
    }
    const began = process.cpuUsage();
    for (let n = Number(line); n > 0; n--) await work();
    const { user, system } = process.cpuUsage(began);
    console.log(user + system);
  }
}

if (what === 'version') console.log(require(require.resolve('jsonata/package.json', { paths: folders })).version);
else serve();
