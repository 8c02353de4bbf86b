#!/usr/bin/env node
// A server is started without the parser of options: how soon it answers counts. Whatever is not plainly that goes to it.
const [command, path, ...more] = process.argv.slice(2);
if (command === 'server' && path !== undefined && !path.startsWith('-') && more.length === 0) {
  const { runServer } = await import('./server.ts');
  await runServer(path);
} else {
  const { runProgram } = await import('./program.ts');
  await runProgram();
}

export {};
